using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.WatchCache;

namespace PodPolicies;

/// <summary>Gives each new pod the label <c>team</c> of its namespace: who is asked about a pod is then seen on the pod.</summary>
/// <param name="objects">The server's caches: a look costs no request.</param>
public sealed class TeamLabel(IObjectReader objects) : IAdmissionPlugin
{
    private const string Label = "team";

    private static readonly ResourceType Namespaces = ResourceCatalog.For<Namespace>();

    public string Name => "TeamLabel";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Scope: { Subresource: null, Namespace: { } ns }, Object: Pod pod }
            && objects.Find(Namespaces, null, ns) is { } found && found.Metadata.Labels.TryGetValue(Label, out var team))
            pod.Metadata.Labels.TryAdd(Label, team);
        return ValueTask.CompletedTask;
    }
}
