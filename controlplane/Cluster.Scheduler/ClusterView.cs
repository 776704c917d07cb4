using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Scheduler.Framework;

namespace Cluster.Scheduler;

/// <summary>Services and namespaces as the informers show them.</summary>
internal sealed class ClusterView : IClusterView
{
    private const string ByNamespace = "namespace";

    private static readonly Dictionary<string, string> NoLabels = [];

    private readonly Informer<Service> _services;
    private readonly Informer<Namespace> _namespaces;

    public ClusterView(InformerFactory informers)
    {
        _services = informers.For<Service>();
        _services.AddIndex(ByNamespace, service => [service.Metadata.Namespace]);
        _namespaces = informers.For<Namespace>();
    }

    public IEnumerable<Service> ServicesIn(string ns) => _services.ByIndex(ByNamespace, ns);

    public IDictionary<string, string> LabelsOfNamespace(string ns) => _namespaces.Get(null, ns)?.Metadata.Labels ?? (IDictionary<string, string>)NoLabels;
}
