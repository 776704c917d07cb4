using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Client;
using Cluster.Containers;
using Cluster.Kubelet.Images;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Nodes;
using Cluster.Kubelet.Probes;
using Cluster.Kubelet.Sources;
using Cluster.Kubelet.Status;
using Cluster.Kubelet.Volumes;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet;

/// <summary>What all pod workers of a node share. Each part is safe for concurrent use.</summary>
internal sealed record NodeContext
{
    public required KubeletOptions Options { get; init; }

    public required IApiClient Client { get; init; }

    public required IContainerRuntime Runtime { get; init; }

    public required ContainerObserver Observer { get; init; }

    public required ImageService Images { get; init; }

    public required ReferencedObjects Objects { get; init; }

    public required Informer<Service> Services { get; init; }

    public required IServiceAccountTokens Tokens { get; init; }

    public required PodEvents Events { get; init; }

    public required RestartBackOff BackOff { get; init; }

    public required Prober Prober { get; init; }

    public required HostFacts Host { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>A directory in memory under which pods' secrets live.</summary>
    public required string MemoryRoot { get; init; }

    public IReadOnlyDictionary<string, QuantityValue> Allocatable => Host.Allocatable;

    public PodDirectory Directory(string podUid) => new(Options.RootDirectory, podUid);

    public string MemoryDirectory(string podUid) => Path.Combine(MemoryRoot, podUid);
}
