// Submits a job and watches it to its end, knowing nothing of Tutti but its .proto files.
// node submit-and-watch.js HOST:PORT PROTO_FOLDER
// Prints one JSON object: the job's ID, the states it went through, and the job as it ended.
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, protos] = process.argv.slice(2);
const definition = loader.loadSync('tutti/v1/jobs.proto', {
  includeDirs: [protos], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true,
});
const { Jobs } = grpc.loadPackageDefinition(definition).tutti.v1;
const jobs = new Jobs(address, grpc.credentials.createInsecure());

const spec = {
  name: 'foreign',
  seed: 3,
  model: { preset: 'mlp', hidden: [16] },
  data: { source: { digits: { train: 1000, test: 200 } } },
  training: {
    epochs: 2, batch: 50, loss: 'LOSS_CROSS_ENTROPY', optimizer: { adam: { rate: 0.003 } },
    precision: 'PRECISION_F32', consistency: { synchronous: {} },
  },
  cluster: { workers: { min: 1, max: 1 }, parameter_servers: 1 },
};

function fail(error) {
  console.error(`${error.code}: ${error.details || error.message}`);
  process.exit(1);
}

jobs.Submit({ spec, idempotency_key: 'foreign-1' }, (error, submitted) => {
  if (error) fail(error);
  const states = [];
  let last = submitted.job;
  const events = jobs.Watch({ id: submitted.job.id });
  events.on('data', (event) => {
    last = event.job;
    if (states[states.length - 1] !== last.state) states.push(last.state);
  });
  events.on('error', fail);
  events.on('end', () => {
    console.log(JSON.stringify({ id: submitted.job.id, states, job: last }));
    jobs.close();
  });
});
