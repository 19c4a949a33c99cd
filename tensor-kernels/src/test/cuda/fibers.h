// The threads of a block, one after the other on one thread of the host, each until it ends or waits for others.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

class Fibers {
 public:
  static constexpr unsigned kWarp = 32;

  /// Runs `count` threads of one block; those that wait go on once all that still run, of the block or of the warp, have come there.
  /// `resumed` is told which thread goes on, before it does. Throws if threads wait for each other for ever.
  void run(unsigned count, const std::function<void(unsigned)>& body, const std::function<void(unsigned)>& resumed);
  void waitForBlock() { wait(State::kAtBlockBarrier); }
  void waitForWarp() { wait(State::kAtWarpBarrier); }
  unsigned current() const { return current_; }

 private:
  static constexpr size_t kStackBytes = 128 << 10;
  enum class State { kReady, kAtBlockBarrier, kAtWarpBarrier, kEnded };
  /// A stack, and where on it the thread goes on.
  struct Fiber {
    std::unique_ptr<char[]> stack{new char[kStackBytes]};
    void* at = nullptr;
  };
  struct Thread {
    State state = State::kReady;
    Fiber* fiber = nullptr;
  };

  static void enter();
  Fiber* take();
  void resume(unsigned thread);
  void wait(State state);
  std::vector<unsigned> released() const;

  void* scheduler_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> free_;
  std::vector<Thread> threads_;
  unsigned current_ = 0;
  const std::function<void(unsigned)>* body_ = nullptr;
  const std::function<void(unsigned)>* resumed_ = nullptr;
};
