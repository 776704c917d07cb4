using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Cluster.Containers;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>A container engine in memory: containers run until a test ends them. Counts calls and can hang those of one pod.</summary>
public sealed class FakeRuntime : IContainerRuntime
{
    private readonly Lock sync = new();
    private readonly Dictionary<string, (ObservedContainer Row, ContainerDetails Details)> containers = [];
    private readonly Dictionary<string, ContainerSpec> specs = [];
    private readonly HashSet<string> images = ["busybox:1"];
    private readonly List<Channel<RuntimeEvent>> watchers = [];
    private readonly ConcurrentDictionary<string, int> calls = new();
    private int next;

    /// <summary>Calls about a container of this pod never return.</summary>
    public string? HangingPod { get; set; }

    /// <summary>What a command in a container does.</summary>
    public Func<IReadOnlyList<string>, ExecResult> Exec { get; set; } = _ => new ExecResult(0, "", false);

    /// <summary>What a command with streams, or a container attached to, does.</summary>
    public Func<FakeSession, CancellationToken, Task<int>> Session { get; set; } = (_, _) => Task.FromResult(0);

    /// <summary>The sessions begun, the newest last.</summary>
    public ConcurrentQueue<FakeSession> Sessions { get; } = new();

    /// <summary>The address of every sandbox; null: one of the pod network each.</summary>
    public string? SandboxAddress { get; set; }

    /// <summary>Whose process every sandbox pretends to be; 0: nobody's.</summary>
    public int SandboxProcess { get; set; }

    /// <summary>Pulls fail with this.</summary>
    public string? PullError { get; set; }

    /// <summary>Starts fail with this.</summary>
    public string? StartError { get; set; }

    public IReadOnlyList<ObservedContainer> All
    {
        get
        {
            lock (sync) return containers.Values.Select(entry => entry.Row).ToList();
        }
    }

    public IReadOnlyList<ObservedContainer> Running => All.Where(row => row.State == ContainerRunState.Running).ToList();

    public IReadOnlyList<string> Commands => commands.ToList();

    private readonly ConcurrentQueue<string> commands = new();

    public int Count(string call) => calls.GetValueOrDefault(call);

    public ContainerSpec Spec(string containerName)
    {
        lock (sync) return specs.Values.Last(spec => spec.Labels[ContainerLabels.ContainerName] == containerName);
    }

    public ObservedContainer? Find(string pod, string container) =>
        All.Where(row => row.PodName == pod && row.ContainerName == container).OrderByDescending(row => row.Attempt).FirstOrDefault();

    /// <summary>Ends a container as if its process exited.</summary>
    public void Exit(string pod, string container, int code)
    {
        var row = Find(pod, container)!;
        Move(row.Id, ContainerRunState.Exited, details => details with { ExitCode = code, FinishedAt = TimeProvider.System.GetUtcNow() });
        Tell(RuntimeEventType.Died, row);
    }

    /// <summary>Puts a container there that nobody of this process made.</summary>
    public void Seed(ObservedContainer row)
    {
        lock (sync) containers[row.Id] = (row, new ContainerDetails { Id = row.Id, State = row.State, StartedAt = row.CreatedAt });
    }

    public Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new RuntimeInfo { Name = "fake", Version = "1", OperatingSystem = "Fake OS", DefaultHandler = "plain" });

    public async Task<IReadOnlyList<ObservedContainer>> ListAsync(CancellationToken cancellationToken)
    {
        Called("list");
        await Task.Yield();
        return All;
    }

    public async Task<ContainerDetails> InspectAsync(string id, CancellationToken cancellationToken)
    {
        Called("inspect");
        await HangAsync(id, cancellationToken);
        lock (sync) return containers.TryGetValue(id, out var found) ? found.Details with { ProcessId = SandboxProcess } : throw new RuntimeException(RuntimeFailure.NotFound, "no such container");
    }

    public async IAsyncEnumerable<RuntimeEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var events = Channel.CreateUnbounded<RuntimeEvent>();
        lock (sync) watchers.Add(events);
        await foreach (var change in events.Reader.ReadAllAsync(cancellationToken)) yield return change;
    }

    public async Task<string> RunSandboxAsync(SandboxSpec sandbox, CancellationToken cancellationToken)
    {
        Called("sandbox");
        if (sandbox.Labels[ContainerLabels.PodName] == HangingPod) await Task.Delay(Timeout.Infinite, cancellationToken);
        var id = Add(sandbox.Name, sandbox.Labels, SandboxAddress ?? $"10.244.0.{Interlocked.Increment(ref next) % 250 + 1}");
        await StartAsync(id, cancellationToken);
        return id;
    }

    public async Task<string> CreateAsync(ContainerSpec container, CancellationToken cancellationToken)
    {
        Called("create");
        if (container.Labels[ContainerLabels.PodName] == HangingPod) await Task.Delay(Timeout.Infinite, cancellationToken);
        var id = Add(container.Name, container.Labels, "");
        lock (sync) specs[id] = container;
        return id;
    }

    public async Task StartAsync(string id, CancellationToken cancellationToken)
    {
        await HangAsync(id, cancellationToken);
        ObservedContainer row;
        lock (sync) row = containers[id].Row;
        if (StartError is { } error && !row.IsSandbox)
        {
            Move(id, ContainerRunState.Created, details => details with { Error = error, ExitCode = 127 });
            throw new RuntimeException(RuntimeFailure.Refused, error);
        }

        Move(id, ContainerRunState.Running, details => details with { StartedAt = TimeProvider.System.GetUtcNow() });
        Tell(RuntimeEventType.Started, row);
    }

    public async Task StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken)
    {
        Called("stop");
        await HangAsync(id, cancellationToken);
        if (All.FirstOrDefault(candidate => candidate.Id == id) is not { State: ContainerRunState.Running } row) return;
        commands.Enqueue($"stop {row.ContainerName} {grace.TotalSeconds:0}");
        Move(id, ContainerRunState.Exited, details => details with { ExitCode = row.IsSandbox ? 0 : 143, FinishedAt = TimeProvider.System.GetUtcNow() });
        Tell(RuntimeEventType.Died, row);
    }

    public Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        lock (sync) containers.Remove(id);
        return Task.CompletedTask;
    }

    public async Task<ExecResult> ExecAsync(string id, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await Task.Yield();
        commands.Enqueue("exec " + string.Join(' ', command));
        return Exec(command);
    }

    public Task<IContainerSession> StartExecAsync(string id, SessionSpec spec, CancellationToken cancellationToken) => Begin(spec);

    public Task<IContainerSession> AttachAsync(string id, SessionSpec spec, CancellationToken cancellationToken) => Begin(spec);

    private Task<IContainerSession> Begin(SessionSpec spec)
    {
        if (spec.Command is ["refused"]) throw new RuntimeException(RuntimeFailure.Refused, "no such command");
        var session = new FakeSession(spec, Session);
        Sessions.Enqueue(session);
        return Task.FromResult<IContainerSession>(session);
    }

    public async Task CopyLogsAsync(string id, LogQuery query, Stream output, CancellationToken cancellationToken) =>
        await output.WriteAsync(Encoding.UTF8.GetBytes($"log of {All.First(row => row.Id == id).ContainerName}\n"), cancellationToken);

    public Task<ImageDetails?> FindImageAsync(string reference, CancellationToken cancellationToken)
    {
        lock (sync) return Task.FromResult(images.Contains(reference) ? new ImageDetails(reference, [reference], [reference.Split(':')[0] + "@sha256:00"], 1, "") : null);
    }

    public Task<IReadOnlyList<ImageDetails>> ListImagesAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<ImageDetails>>([]);

    public Task PullImageAsync(string reference, RegistryCredential? credential, CancellationToken cancellationToken)
    {
        Called("pull");
        if (PullError is { } error) throw new RuntimeException(RuntimeFailure.Refused, error);
        lock (sync) images.Add(reference);
        return Task.CompletedTask;
    }

    public Task RemoveImageAsync(string reference, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task EnsureNetworkAsync(string podCidr, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RemoveNetworkAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Called(string call) => calls.AddOrUpdate(call, 1, (_, count) => count + 1);

    private async Task HangAsync(string id, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (HangingPod is { } pod && All.Any(row => row.Id == id && row.PodName == pod)) await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    private string Add(string name, IReadOnlyDictionary<string, string> labels, string address)
    {
        var id = $"{Interlocked.Increment(ref next):x12}";
        var row = new ObservedContainer
        {
            Id = id, Name = name, State = ContainerRunState.Created, CreatedAt = TimeProvider.System.GetUtcNow(), Labels = labels, Address = address, ImageId = "busybox:1",
        };
        lock (sync) containers[id] = (row, new ContainerDetails { Id = id, State = ContainerRunState.Created });
        return id;
    }

    private void Move(string id, ContainerRunState state, Func<ContainerDetails, ContainerDetails> change)
    {
        lock (sync)
        {
            var (row, details) = containers[id];
            containers[id] = (row with { State = state }, change(details) with { State = state });
        }
    }

    private void Tell(RuntimeEventType type, ObservedContainer row)
    {
        lock (sync)
        {
            foreach (var watcher in watchers) watcher.Writer.TryWrite(new RuntimeEvent(type, row.Id, row.PodUid));
        }
    }
}
