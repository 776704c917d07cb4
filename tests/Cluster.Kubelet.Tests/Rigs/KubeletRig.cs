using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Volumes;
using Cluster.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>A kubelet on an API server in memory and a runtime of the test's choice, with periods fit for tests.</summary>
public sealed class KubeletRig : IAsyncDisposable
{
    public const string Node = "node-1";
    private readonly TempDirectory root = new();
    private CancellationTokenSource? stop;
    private Task running = Task.CompletedTask;

    public KubeletRig(IContainerRuntime runtime, string podCidr = "10.244.0.0/24")
    {
        Runtime = runtime;
        Options = new KubeletOptions
        {
            NodeName = Node,
            NodeAddress = "192.0.2.10",
            RootDirectory = root.Path,
            RelistPeriod = TimeSpan.FromMilliseconds(100),
            HousekeepingPeriod = TimeSpan.FromMilliseconds(100),
            VolumePeriod = TimeSpan.FromMilliseconds(500),
            HealthzPort = 0,
        };
        Api.Seed(new Node { Metadata = new() { Name = Node }, Spec = new() { PodCIDR = podCidr }, Status = new() });
    }

    public FakeApiClient Api { get; } = new();

    public IContainerRuntime Runtime { get; }

    public KubeletOptions Options { get; set; }

    /// <summary>What the kubelet logs to.</summary>
    public ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;

    public global::Cluster.Kubelet.Kubelet? Kubelet { get; private set; }

    public string Root => root.Path;

    public void Start()
    {
        stop = new CancellationTokenSource();
        Kubelet = new global::Cluster.Kubelet.Kubelet(Api, Runtime, Options, Logs, TimeProvider.System, new FixedTokens());
        running = Kubelet.RunAsync(stop.Token);
    }

    public async Task StopAsync()
    {
        if (stop is null) return;
        await stop.CancelAsync();
        await running;
        stop.Dispose();
        stop = null;
    }

    public Pod Create(Pod pod)
    {
        pod.Metadata.Namespace = pod.Metadata.Namespace.Length == 0 ? "default" : pod.Metadata.Namespace;
        pod.Spec.NodeName = Node;
        pod.Status ??= new PodStatus { Phase = "Pending" };
        return Api.Seed(pod);
    }

    public PodStatus? Status(string pod) => Api.Find<Pod>("default", pod)?.Status;

    /// <summary>Waits for a pod to become as a condition says; the pod's status is told if it does not.</summary>
    public async Task UntilAsync(string pod, Func<PodStatus, bool> condition, int seconds = 20)
    {
        try
        {
            await Eventually.True(() => Status(pod) is { ContainerStatuses.Count: > 0 } status && condition(status), pod, TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException exception)
        {
            var events = string.Join('\n', Api.All<Event>().Select(item => $"{item.InvolvedObject.Name}: {item.Type} {item.Reason} {item.Message}"));
            throw new TimeoutException($"{exception.Message}\n{Status(pod)}\n{events}");
        }
    }

    public Task UntilEventAsync(string pod, string reason, string message) => Eventually.True(
        () => Api.All<Event>().Any(item => item.InvolvedObject.Name == pod && item.Reason == reason && item.Message.Contains(message, StringComparison.Ordinal)),
        $"event {reason} {message} of {pod}");

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        finally
        {
            global::Cluster.Kubelet.Kubelet.RemoveTraces(root.Path);
            root.Dispose();
        }
    }

    private sealed class FixedTokens : IServiceAccountTokens
    {
        public Task<ServiceAccountToken> CreateAsync(TokenOrder order, CancellationToken cancellationToken) =>
            Task.FromResult(new ServiceAccountToken($"token-of-{order.ServiceAccount}-{order.Audience}", TimeProvider.System.GetUtcNow() + order.Lifetime));
    }
}
