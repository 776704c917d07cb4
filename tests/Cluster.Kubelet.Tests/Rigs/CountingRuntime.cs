using Cluster.Containers;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>Counts the calls that observe: what a relist costs the engine.</summary>
public sealed class CountingRuntime(IContainerRuntime inner) : IContainerRuntime
{
    private int lists;
    private int inspects;

    public int Lists => Volatile.Read(ref lists);

    public int Inspects => Volatile.Read(ref inspects);

    public Task<IReadOnlyList<ObservedContainer>> ListAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref lists);
        return inner.ListAsync(cancellationToken);
    }

    public Task<ContainerDetails> InspectAsync(string id, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref inspects);
        return inner.InspectAsync(id, cancellationToken);
    }

    public Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken) => inner.GetInfoAsync(cancellationToken);

    public IAsyncEnumerable<RuntimeEvent> WatchAsync(CancellationToken cancellationToken) => inner.WatchAsync(cancellationToken);

    public Task<string> RunSandboxAsync(SandboxSpec sandbox, CancellationToken cancellationToken) => inner.RunSandboxAsync(sandbox, cancellationToken);

    public Task<string> CreateAsync(ContainerSpec container, CancellationToken cancellationToken) => inner.CreateAsync(container, cancellationToken);

    public Task StartAsync(string id, CancellationToken cancellationToken) => inner.StartAsync(id, cancellationToken);

    public Task StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken) => inner.StopAsync(id, grace, cancellationToken);

    public Task RemoveAsync(string id, CancellationToken cancellationToken) => inner.RemoveAsync(id, cancellationToken);

    public Task<IContainerSession> StartExecAsync(string id, SessionSpec spec, CancellationToken cancellationToken) =>
        inner.StartExecAsync(id, spec, cancellationToken);

    public Task<IContainerSession> AttachAsync(string id, SessionSpec spec, CancellationToken cancellationToken) =>
        inner.AttachAsync(id, spec, cancellationToken);

    public Task<ExecResult> ExecAsync(string id, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellationToken) =>
        inner.ExecAsync(id, command, timeout, cancellationToken);

    public Task CopyLogsAsync(string id, LogQuery query, Stream output, CancellationToken cancellationToken) => inner.CopyLogsAsync(id, query, output, cancellationToken);

    public Task<ImageDetails?> FindImageAsync(string reference, CancellationToken cancellationToken) => inner.FindImageAsync(reference, cancellationToken);

    public Task<IReadOnlyList<ImageDetails>> ListImagesAsync(CancellationToken cancellationToken) => inner.ListImagesAsync(cancellationToken);

    public Task PullImageAsync(string reference, RegistryCredential? credential, CancellationToken cancellationToken) =>
        inner.PullImageAsync(reference, credential, cancellationToken);

    public Task RemoveImageAsync(string reference, CancellationToken cancellationToken) => inner.RemoveImageAsync(reference, cancellationToken);

    public Task EnsureNetworkAsync(string podCidr, CancellationToken cancellationToken) => inner.EnsureNetworkAsync(podCidr, cancellationToken);

    public Task RemoveNetworkAsync(CancellationToken cancellationToken) => inner.RemoveNetworkAsync(cancellationToken);
}
