#include "fibers.h"

#include <algorithm>
#include <stdexcept>

#ifndef __x86_64__
#error "Fibers change stacks as x86-64 does it"
#endif

// Saves what the System V ABI has a callee preserve, and goes on where another stack was left.
asm(R"(
.text
.type switch_stacks, @function
switch_stacks:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.size switch_stacks, . - switch_stacks
)");
extern "C" void switch_stacks(void** left, void* next) __attribute__((visibility("hidden")));

namespace {
constexpr size_t kSaved = 6;
Fibers* running = nullptr;
}  // namespace

/// A fiber takes on one thread after the other, as long as they end without waiting.
void Fibers::enter() {
  while (true) {
    Fibers* self = running;
    unsigned thread = self->current_;
    (*self->body_)(thread);
    Fiber* fiber = self->threads_[thread].fiber;
    self->threads_[thread].state = State::kEnded;
    self->free_.push_back(fiber);
    switch_stacks(&fiber->at, self->scheduler_);
  }
}

Fibers::Fiber* Fibers::take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Fiber>());
    Fiber* fresh = all_.back().get();
    auto top = reinterpret_cast<size_t>(fresh->stack.get() + kStackBytes) & ~size_t(15);
    auto** stack = reinterpret_cast<void**>(top) - 1;
    *--stack = reinterpret_cast<void*>(&Fibers::enter);
    stack -= kSaved;
    fresh->at = stack;
    return fresh;
  }
  Fiber* fiber = free_.back();
  free_.pop_back();
  return fiber;
}

void Fibers::resume(unsigned thread) {
  current_ = thread;
  Thread& it = threads_[thread];
  if (it.fiber == nullptr) it.fiber = take();
  it.state = State::kReady;
  (*resumed_)(thread);
  switch_stacks(&scheduler_, it.fiber->at);
}

void Fibers::wait(State state) {
  Thread& it = threads_[current_];
  it.state = state;
  switch_stacks(&it.fiber->at, scheduler_);
}

/// Threads for which nobody has to be waited any more.
std::vector<unsigned> Fibers::released() const {
  std::vector<unsigned> ready;
  size_t alive = 0, atBlock = 0;
  for (const Thread& thread : threads_) {
    alive += thread.state != State::kEnded;
    atBlock += thread.state == State::kAtBlockBarrier;
  }
  for (unsigned warp = 0; warp < threads_.size(); warp += kWarp) {
    unsigned end = std::min<size_t>(warp + kWarp, threads_.size()), living = 0, waiting = 0;
    for (unsigned i = warp; i < end; i++) {
      living += threads_[i].state != State::kEnded;
      waiting += threads_[i].state == State::kAtWarpBarrier;
    }
    bool warpGoesOn = waiting > 0 && waiting == living;
    for (unsigned i = warp; i < end; i++)
      if (threads_[i].state != State::kEnded && (atBlock == alive || warpGoesOn)) ready.push_back(i);
  }
  if (ready.empty() && alive > 0) throw std::runtime_error("threads of a block wait at different barriers");
  return ready;
}

void Fibers::run(unsigned count, const std::function<void(unsigned)>& body,
                 const std::function<void(unsigned)>& resumed) {
  running = this;
  body_ = &body;
  resumed_ = &resumed;
  threads_.assign(count, Thread{});
  std::vector<unsigned> ready(count);
  for (unsigned i = 0; i < count; i++) ready[i] = i;
  while (!ready.empty()) {
    for (unsigned thread : ready) resume(thread);
    ready = released();
  }
}
