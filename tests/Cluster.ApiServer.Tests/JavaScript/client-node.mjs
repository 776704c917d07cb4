// The official JavaScript client: one object through all verbs, an informer that sees what others do, errors as a Status.
// usage: node client-node.mjs KUBECONFIG
import assert from 'node:assert/strict';
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromFile(process.argv[2]);
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = 'javascript';
await core.createNamespace({ body: { metadata: { name: namespace } } });

// An informer: a list, then a watch that goes on from it.
const seen = [];
const waiting = [];
const note = (what) => (object) => {
  seen.push(`${what} ${object.metadata.name}`);
  waiting.splice(0).forEach((wake) => wake());
};
const until = async (condition) => {
  while (!condition()) await new Promise((wake) => waiting.push(wake));
};
await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'before' }, data: { a: '1' } } });
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace }));
for (const what of ['add', 'update', 'delete']) informer.on(what, note(what));
let stopped = false;
// Stopping ends the watch that is open, which is told as an error.
informer.on('error', (error) => { if (!stopped) throw error; });
await informer.start();
await until(() => seen.includes('add before'));

const created = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'one', labels: { app: 'web' } }, data: { a: '1' } } });
assert.ok(created.metadata.uid && created.metadata.creationTimestamp instanceof Date);
await until(() => seen.includes('add one'));
created.data.a = '2';
const replaced = await core.replaceNamespacedConfigMap({ name: 'one', namespace, body: created });
assert.equal(replaced.data.a, '2');
const patched = await core.patchNamespacedConfigMap(
  { name: 'one', namespace, body: [{ op: 'add', path: '/data/b', value: '3' }] },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch));
assert.deepEqual(patched.data, { a: '2', b: '3' });
const applied = await core.patchNamespacedConfigMap(
  { name: 'one', namespace, fieldManager: 'javascript', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { c: '4' } } },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply));
assert.ok(applied.metadata.managedFields.some((entry) => entry.manager === 'javascript' && entry.operation === 'Apply'));
await until(() => seen.includes('update one'));

const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=web', limit: 1 });
assert.deepEqual(list.items.map((item) => item.metadata.name), ['one']);
await assert.rejects(core.replaceNamespacedConfigMap({ name: 'one', namespace, body: created }), (error) => {
  assert.equal(error.code, 409);
  assert.equal(JSON.parse(error.body).reason, 'Conflict');
  return true;
});

await core.deleteNamespacedConfigMap({ name: 'one', namespace });
await until(() => seen.includes('delete one'));
await assert.rejects(core.readNamespacedConfigMap({ name: 'one', namespace }), (error) => {
  assert.equal(error.code, 404);
  assert.equal(JSON.parse(error.body).message, 'configmaps "one" not found');
  return true;
});
stopped = true;
await informer.stop();

// Objects whose kind is known at run time alone, by discovery.
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
await objects.create({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace },
  spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
});
const deployment = await objects.read({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } });
assert.equal(deployment.spec.replicas, 1);
console.log(`client-node: ${[...new Set(seen)].join(', ')}`);
process.exit(0);
