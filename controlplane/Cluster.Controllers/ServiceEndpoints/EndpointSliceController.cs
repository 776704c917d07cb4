using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Writes the EndpointSlices of every service with a selector; the proxies and DNS read these.</summary>
/// <remarks>Slices of a deleted service are its dependents: the garbage collector takes them.</remarks>
internal sealed class EndpointSliceController(ControllerContext context) : IController
{
    private readonly TriggerTimes _triggers = new();
    private ServicePods _pods = null!;
    private SliceReconciler _slices = null!;
    private Informer<Node> _nodes = null!;

    public string Name => "endpointslice";

    public void Watch(ControllerWatches watches)
    {
        _pods = new(watches);
        _slices = new(context, "endpointslice-controller.k8s.io", watches);
        _nodes = watches.Read<Node>();
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_pods.Get(key) is not { } service)
        {
            _triggers.Forget(key);
            return null;
        }

        if (!ServicePods.Selects(service))
        {
            await _slices.DeleteAllAsync(key, cancellationToken);
            return null;
        }

        if (service.Metadata.DeletionTimestamp is not null)
        {
            return null;
        }

        if (_slices.Behind(key) is { } later)
        {
            return later;
        }

        var pods = _pods.Of(service);
        var contents = PodSliceContents.Build(service, pods, _nodes);
        await _slices.ReconcileAsync(service, Labels(service), contents, _triggers.Next(service, pods), cancellationToken);
        return null;
    }

    private static IEnumerable<KeyValuePair<string, string>> Labels(Service service) =>
        ServicePods.IsHeadless(service) ? service.Metadata.Labels.Append(new(SliceLabels.Headless, "")) : service.Metadata.Labels;
}
