using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Validation;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Bindings;

/// <summary>Puts a pod on a node, unless it does not fit there. Safe with any number of schedulers and API servers.</summary>
/// <remarks>
/// Every pod that comes to a node also writes the node's ledger key. A binding takes the ledger's revision, waits until the pod cache holds
/// it, sums the node's pods, and writes pod and ledger only if pod, node and ledger are still what it looked at: whoever came in between
/// changed the ledger, and the sum is made again. A pod that left meanwhile only makes room.
/// </remarks>
internal sealed class PodBinder(RegistryContext context)
{
    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();
    private static readonly ResourceType Nodes = ResourceCatalog.For<Node>();
    private static readonly TimeSpan CacheTimeout = TimeSpan.FromSeconds(3);

    public async ValueTask BindAsync(RequestScope scope, Binding binding, CancellationToken cancellationToken)
    {
        CheckTarget(binding);
        if (binding.Metadata is { Name.Length: > 0 } named && named.Name != scope.Name)
            throw StatusErrors.BadRequest("name in URL does not match name in Binding object");
        var node = binding.Target.Name;
        var podKey = Pods.Key(scope.Namespace, scope.Name!);
        var nodeKey = Nodes.Key(null, node);
        var state = new BindState(
            context.Caches[Pods].State.Objects.Find(podKey) ?? await ReadAsync(Pods, podKey, scope.Name!, cancellationToken),
            context.Caches[Nodes].State.Objects.Find(nodeKey) ?? await ReadAsync(Nodes, nodeKey, node, cancellationToken),
            context.Caches.Keys.RevisionOf(Claims.Ledger(node)));
        var isFresh = false;
        for (var tries = 0; tries < ObjectWriter.MaxTries; tries++)
        {
            try
            {
                var result = await TryAsync(scope, binding, state, cancellationToken);
                if (result is null || result.Succeeded)
                    return;

                state = Reread(scope, node, result.Current);
                isFresh = true;
            }
            catch (StatusException) when (!isFresh)
            {
                // It may be the cache that is behind, and not the scheduler that is wrong.
                state = new BindState(
                    await ReadAsync(Pods, podKey, scope.Name!, cancellationToken),
                    await ReadAsync(Nodes, nodeKey, node, cancellationToken),
                    (await context.Store.GetAsync(Claims.Ledger(node), cancellationToken))?.ModRevision ?? 0);
                isFresh = true;
            }
        }

        throw StatusErrors.ServerTimeout(Pods, "bind", 1);
    }

    // Null: a dry run that would succeed.
    private async ValueTask<TxnResult?> TryAsync(
        RequestScope scope, Binding binding, BindState state, CancellationToken cancellationToken)
    {
        var (pod, node) = ((Pod)state.Pod.Object, (Node)state.Node.Object);
        CheckPod(pod, binding);
        if (!await context.Caches.Feed.WaitAsync(state.Ledger, CacheTimeout, cancellationToken))
            throw StatusErrors.ServerTimeout(Pods, "bind", 1);

        var others = context.Caches.NodePods.On(node.Metadata.Name).Where(other => other.Key != state.Pod.Key);
        if (NodeFit.WhyNot(pod, node, others) is { } why)
            throw Conflict(pod.Metadata.Name, why);

        if (scope.DryRun)
            return null;

        var bound = Assign(pod, binding);
        var ledger = Claims.Ledger(node.Metadata.Name);
        return await context.Store.TxnAsync(
            new StoreTxn(
                [
                    new StoreCompare(state.Pod.Key, state.Pod.Revision),
                    new StoreCompare(state.Node.Key, state.Node.Revision),
                    new StoreCompare(ledger, state.Ledger),
                ],
                [new StoreOp(state.Pod.Key, StoredForm.Encode(Pods, bound)), new StoreOp(ledger, Claims.ValueOf(bound))]),
            cancellationToken);
    }

    private Pod Assign(Pod pod, Binding binding)
    {
        var bound = pod.Clone();
        bound.Spec.NodeName = binding.Target.Name;
        foreach (var (name, value) in binding.Metadata?.Annotations ?? [])
            bound.Metadata.Annotations[name] = value;
        bound.Status ??= new PodStatus();
        bound.Status.SetCondition(new PodCondition
        {
            Type = "PodScheduled", Status = "True", LastTransitionTime = SystemMetadata.Now(context.Time),
        });
        return bound;
    }

    private static void CheckTarget(Binding binding)
    {
        List<FieldError> errors = [];
        if (binding.Target?.Kind is not (null or "" or "Node"))
            errors.Add(FieldError.NotSupported("target.kind", binding.Target.Kind, ["Node", "<empty>"]));
        if (string.IsNullOrEmpty(binding.Target?.Name))
            errors.Add(FieldError.Required("target.name"));
        if (errors.Count > 0)
            throw StatusErrors.Invalid(ResourceCatalog.For<Binding>(), binding.Metadata?.Name ?? "", errors);
    }

    private static void CheckPod(Pod pod, Binding binding)
    {
        var name = pod.Metadata.Name;
        if (binding.Metadata is { Uid.Length: > 0 } meta && meta.Uid != pod.Metadata.Uid)
            throw Conflict(name, $"Precondition failed: UID in precondition: {meta.Uid}, UID in object meta: {pod.Metadata.Uid}");
        if (binding.Metadata is { ResourceVersion.Length: > 0 } wanted && wanted.ResourceVersion != pod.Metadata.ResourceVersion)
            throw Conflict(name, StatusErrors.StaleObject);
        if (pod.Metadata.DeletionTimestamp is not null)
            throw Conflict(name, $"pod {name} is being deleted, cannot be assigned to a host");
        if (pod.IsScheduled())
            throw Conflict(name, $"pod {name} is already assigned to node {GoText.Quote(pod.Spec.NodeName)}");
        // Schedulers older than the gates do not look for them.
        if (pod.Spec.SchedulingGates.Count > 0)
            throw Conflict(name, $"pod {name} has non-empty .spec.schedulingGates");
    }

    private static StatusException Conflict(string pod, string why) =>
        StatusErrors.Conflict(Pods with { Plural = "pods/binding" }, pod, why);

    private async ValueTask<ObjectVersion> ReadAsync(ResourceType type, string key, string name, CancellationToken cancellationToken) =>
        await context.Caches.ReadThroughAsync(type, key, cancellationToken) ?? throw StatusErrors.NotFound(type, name);

    private static BindState Reread(RequestScope scope, string node, IReadOnlyList<StoreEntry?> current) => new(
        StoredForm.Decode(Pods, current[0] ?? throw StatusErrors.NotFound(Pods, scope.Name!)),
        StoredForm.Decode(Nodes, current[1] ?? throw StatusErrors.NotFound(Nodes, node)),
        current[2]?.ModRevision ?? 0);

    private sealed record BindState(ObjectVersion Pod, ObjectVersion Node, long Ledger);
}
