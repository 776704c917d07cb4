using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Controllers.Framework;
using EndpointPort = Cluster.Api.DiscoveryV1.EndpointPort;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Copies Endpoints that people write by hand, for services without a selector, into slices.</summary>
internal sealed class EndpointSliceMirroringController(ControllerContext context) : IController
{
    /// <summary>Addresses of a subset beyond this are left out.</summary>
    private const int MaxPerSubset = 1000;

    private const string LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

    private Informer<Endpoints> _endpoints = null!;
    private Informer<Service> _services = null!;
    private SliceReconciler _slices = null!;

    public string Name => "endpointslicemirroring";

    public void Watch(ControllerWatches watches)
    {
        _endpoints = watches.Own<Endpoints>();
        _services = watches.Own<Service>();
        _slices = new(context, "endpointslicemirroring-controller.k8s.io", watches);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var endpoints = _endpoints.Get(key);
        if (endpoints is null || !IsMirrored(endpoints) || _services.Get(key) is not { Spec: { } spec } || spec.Selector.Count > 0)
        {
            await _slices.DeleteAllAsync(key, cancellationToken);
            return null;
        }

        if (_slices.Behind(key) is { } later)
        {
            return later;
        }

        if (endpoints.Metadata.DeletionTimestamp is null)
        {
            endpoints.Metadata.Annotations.TryGetValue(TriggerTimes.Annotation, out var trigger);
            await _slices.ReconcileAsync(endpoints, endpoints.Metadata.Labels, Contents(endpoints), trigger, cancellationToken);
        }

        return null;
    }

    private static bool IsMirrored(Endpoints endpoints) =>
        !endpoints.Metadata.Annotations.ContainsKey(LeaderAnnotation)
        && !(endpoints.Metadata.Labels.TryGetValue(SliceLabels.SkipMirror, out var skip) && skip == "true");

    private static List<SliceContent> Contents(Endpoints endpoints)
    {
        var groups = new Dictionary<string, SliceContent>();
        foreach (var subset in endpoints.Subsets)
        {
            var ports = subset.Ports.Select(Port).ToList();
            var addresses = subset.Addresses.Select(address => (Address: address, Ready: true))
                .Concat(subset.NotReadyAddresses.Select(address => (Address: address, Ready: false)));
            foreach (var (address, ready) in addresses.Take(MaxPerSubset))
            {
                var group = new SliceContent(PodSliceContents.FamilyOf(address.Ip), ports, []);
                groups.TryAdd(group.Key, group);
                groups[group.Key].Endpoints.Add(NewEndpoint(address, ready));
            }
        }

        return [.. groups.Values.Select(group => group with { Endpoints = [.. group.Endpoints.DistinctBy(SliceContent.Identity)] })];
    }

    private static EndpointPort Port(Api.CoreV1.EndpointPort port)
    {
        var copy = new EndpointPort { Name = port.Name, Protocol = ServicePods.Protocol(port.Protocol), Port = port.Port };
        if (port.HasAppProtocol)
        {
            copy.AppProtocol = port.AppProtocol;
        }

        return copy;
    }

    private static Endpoint NewEndpoint(EndpointAddress address, bool ready)
    {
        var endpoint = new Endpoint { Addresses = { address.Ip }, Conditions = new() { Ready = ready }, TargetRef = address.TargetRef?.Clone() };
        if (address.HasNodeName)
        {
            endpoint.NodeName = address.NodeName;
        }

        if (address.Hostname.Length > 0)
        {
            endpoint.Hostname = address.Hostname;
        }

        return endpoint;
    }
}
