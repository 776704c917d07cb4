// A gRPC client in JavaScript: its services come from the server itself, by reflection, the objects' messages from the .proto files.
// usage: node grpc.mjs HOST:PORT CA CERTIFICATE KEY FOLDER-OF-PROTOS
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

const [address, authority, certificate, key, protos] = process.argv.slice(2);
const credentials = grpc.credentials.createSsl(readFileSync(authority), readFileSync(key), readFileSync(certificate));

// Reflection, as grpcurl asks: which services there are, and what file describes ours.
const reflection = new protobuf.Root().addJSON({
  Request: { fields: { host: { type: 'string', id: 1 }, fileContainingSymbol: { type: 'string', id: 4 }, listServices: { type: 'string', id: 7 } } },
  Service: { fields: { name: { type: 'string', id: 1 } } },
  Services: { fields: { service: { rule: 'repeated', type: 'Service', id: 1 } } },
  Files: { fields: { fileDescriptorProto: { rule: 'repeated', type: 'bytes', id: 1 } } },
  Response: { fields: { files: { type: 'Files', id: 4 }, services: { type: 'Services', id: 6 } } },
});
const anyClient = new grpc.Client(address, credentials);
const encoder = (type) => (message) => Buffer.from(type.encode(message).finish());
const [Request, Response] = ['Request', 'Response'].map((name) => reflection.lookupType(name));
const ask = (request) => new Promise((resolve, reject) => {
  const call = anyClient.makeBidiStreamRequest(
    '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo', encoder(Request), (bytes) => Response.decode(bytes));
  call.on('data', resolve).on('error', reject);
  call.write(request);
  call.end();
});
const names = (await ask({ listServices: '' })).services.service.map((service) => service.name);
assert.ok(names.includes('cluster.v1.Resources') && names.includes('grpc.health.v1.Health'), names);
const described = (await ask({ fileContainingSymbol: 'cluster.v1.Resources' })).files.fileDescriptorProto;
// A FileDescriptorSet is its files as field 1, one after another.
const set = protobuf.Writer.create();
for (const file of described) set.uint32(10).bytes(file);
const services = grpc.loadPackageDefinition(protoLoader.loadFileDescriptorSetFromBuffer(Buffer.from(set.finish()), { longs: String, defaults: true }));
const client = new services.cluster.v1.Resources(address, credentials);

const health = await new Promise((resolve, reject) => anyClient.makeUnaryRequest(
  '/grpc.health.v1.Health/Check', (bytes) => bytes, (bytes) => bytes, Buffer.alloc(0), (error, reply) => (error ? reject(error) : resolve(reply))));
assert.deepEqual([...health], [8, 1], 'SERVING');

// Objects travel in Kubernetes' envelope: "k8s", a zero, and a runtime.Unknown.
const messages = new protobuf.Root();
messages.resolvePath = (_, file) => (file.startsWith('google/') ? file : path.join(protos, path.basename(file)));
messages.loadSync(['core_v1.proto', 'runtime.proto', 'meta_v1.proto'].map((file) => path.join(protos, file)));
const ConfigMap = messages.lookupType('k8s.io.api.core.v1.ConfigMap');
const Unknown = messages.lookupType('k8s.io.apimachinery.pkg.runtime.Unknown');
const Status = messages.lookupType('k8s.io.apimachinery.pkg.apis.meta.v1.Status');
const wrap = (map) => Buffer.concat([
  Buffer.from('k8s\0'),
  Buffer.from(Unknown.encode({ typeMeta: { apiVersion: 'v1', kind: 'ConfigMap' }, raw: ConfigMap.encode(map).finish() }).finish()),
]);
const open = (bytes) => ConfigMap.decode(Unknown.decode(bytes.subarray(4)).raw);
const ref = (name) => ({ version: 'v1', resource: 'configmaps', namespace: 'default', name });
const call = (method, request, deadline = 30_000) => new Promise((resolve, reject) =>
  client[method](request, { deadline: Date.now() + deadline }, (error, reply) => (error ? reject(error) : resolve(reply))));

// List and watch in one stream: the state, then what changes.
const events = [];
const waiting = [];
const watch = (resourceVersion) => client.watch({ ref: ref(''), field_selector: 'metadata.name=javascript', resource_version: resourceVersion })
  .on('data', (reply) => {
    for (const event of reply.events) events.push({ type: event.type, map: open(event.object) });
    waiting.splice(0).forEach((wake) => wake());
  })
  .on('error', (error) => assert.equal(error.code, grpc.status.CANCELLED));
const until = async (count) => {
  while (events.length < count) await new Promise((wake) => waiting.push(wake));
};

const created = open((await call('create', { ref: ref(''), object: wrap({ metadata: { name: 'javascript' }, data: { a: '1' } }), field_manager: 'js' })).object);
assert.ok(created.metadata.uid);
const first = watch('');
await until(1);
created.data.a = '2';
const updated = open((await call('update', { ref: ref('javascript'), object: wrap(created) })).object);
await until(2);
first.cancel();

// While nobody watches, two changes; the next stream goes on where the first one was.
await call('patch', { ref: ref('javascript'), patch_type: 'application/merge-patch+json', patch: Buffer.from('{"data":{"b":"3"}}') });
await call('delete', { ref: ref('javascript') });
const second = watch(updated.metadata.resourceVersion);
await until(4);
second.cancel();
assert.deepEqual(events.map((event) => `${event.type} ${Object.values(event.map.data)}`), ['ADDED 1', 'MODIFIED 2', 'MODIFIED 2,3', 'DELETED 2,3']);

const listed = [];
for await (const reply of client.list({ ref: { ...ref(''), namespace: 'kube-system' } })) listed.push(...reply.objects.map(open));
assert.ok(listed.some((map) => map.metadata.name === 'extension-apiserver-authentication'));

await assert.rejects(call('get', { ref: ref('javascript') }), (error) => {
  const status = Status.decode(error.metadata.get('kubernetes-status-bin')[0]);
  assert.deepEqual([error.code, status.reason, status.code, status.message], [grpc.status.NOT_FOUND, 'NotFound', 404, 'configmaps "javascript" not found']);
  return true;
});
await assert.rejects(call('get', { ref: ref('javascript') }, -1), (error) => error.code === grpc.status.DEADLINE_EXCEEDED);
console.log(`grpc-js: ${events.map((event) => event.type).join(', ')}`);
process.exit(0);
