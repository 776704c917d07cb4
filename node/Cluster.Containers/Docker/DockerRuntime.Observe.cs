using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Docker.DotNet.Models;

namespace Cluster.Containers.Docker;

public sealed partial class DockerRuntime
{
    public async Task<IReadOnlyList<ObservedContainer>> ListAsync(CancellationToken cancellationToken)
    {
        var parameters = new ContainersListParameters { All = true, Filters = OursOnly() };
        var rows = await reads.RunAsync("list", token => client.Containers.ListContainersAsync(parameters, token), cancellationToken);
        return rows.Select(ToObserved).ToList();
    }

    public async Task<ContainerDetails> InspectAsync(string id, CancellationToken cancellationToken)
    {
        var found = await reads.RunAsync("inspect", token => client.Containers.InspectContainerAsync(id, token), cancellationToken);
        var state = found.State ?? new State();
        var started = ParseTime(state.StartedAt);

        // The start is stamped by the engine, the end by its runtime: a container that ends at once may seem to end first.
        var finished = ParseTime(state.FinishedAt) is { } end ? end < started ? started : end : (DateTimeOffset?)null;
        return new ContainerDetails
        {
            Id = found.ID,
            State = ParseState(state.Status),
            StartedAt = started,
            FinishedAt = state.Running ? null : finished,
            ExitCode = (int)state.ExitCode,
            OomKilled = state.OOMKilled,
            Error = state.Error ?? "",
            ProcessId = state.Pid,
            Address = AddressOf(found.NetworkSettings?.Networks),
        };
    }

    public async IAsyncEnumerable<RuntimeEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var events = Channel.CreateUnbounded<RuntimeEvent>(new UnboundedChannelOptions { SingleReader = true });
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pump = PumpAsync(events.Writer, ended.Token);
        try
        {
            await foreach (var change in events.Reader.ReadAllAsync(cancellationToken)) yield return change;
        }
        finally
        {
            await ended.CancelAsync();
            await pump;
        }
    }

    /// <summary>Moves engine events into the channel until the connection ends, whichever way.</summary>
    private async Task PumpAsync(ChannelWriter<RuntimeEvent> writer, CancellationToken cancellationToken)
    {
        var parameters = new ContainerEventsParameters
        {
            Filters = new Dictionary<string, IDictionary<string, bool>>(OursOnly()) { ["type"] = Set("container") },
        };
        try
        {
            await client.System.MonitorEventsAsync(parameters, new EventSink(writer), cancellationToken);
            writer.TryComplete();
        }
        catch (OperationCanceledException)
        {
            writer.TryComplete();
        }
        catch (Exception exception)
        {
            // Top of the pump: the reader gets the one kind of failure it knows.
            writer.TryComplete(CallGate.Translate("events", exception));
        }
    }

    private Dictionary<string, IDictionary<string, bool>> OursOnly() =>
        new() { ["label"] = Set($"{ContainerLabels.Instance}={options.Instance}") };

    private static Dictionary<string, bool> Set(string value) => new() { [value] = true };

    private static ObservedContainer ToObserved(ContainerListResponse row) => new()
    {
        Id = row.ID,
        Name = row.Names is { Count: > 0 } names ? names[0].TrimStart('/') : "",
        State = ParseState(row.State),
        CreatedAt = new DateTimeOffset(DateTime.SpecifyKind(row.Created, DateTimeKind.Utc)),
        Image = row.Image ?? "",
        ImageId = row.ImageID ?? "",
        Labels = row.Labels?.AsReadOnly() ?? new Dictionary<string, string>().AsReadOnly(),
        Address = AddressOf(row.NetworkSettings?.Networks),
    };

    private static string AddressOf(IDictionary<string, EndpointSettings>? networks) =>
        networks?.Values.Select(endpoint => endpoint.IPAddress).FirstOrDefault(address => !string.IsNullOrEmpty(address)) ?? "";

    private static ContainerRunState ParseState(string? state) => state switch
    {
        "created" => ContainerRunState.Created,
        "running" or "paused" => ContainerRunState.Running,
        "exited" or "dead" => ContainerRunState.Exited,
        _ => ContainerRunState.Unknown,
    };

    // The engine writes the year 1 for "never".
    private static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && time.Year > 1
            ? time
            : null;

    /// <summary>Called by the library for each event, in order, on its reading loop (Progress&lt;T&gt; would reorder).</summary>
    private sealed class EventSink(ChannelWriter<RuntimeEvent> writer) : IProgress<Message>
    {
        public void Report(Message value)
        {
            RuntimeEventType? type = value.Action switch
            {
                "create" => RuntimeEventType.Created,
                "start" => RuntimeEventType.Started,
                "die" => RuntimeEventType.Died,
                "destroy" => RuntimeEventType.Removed,
                "oom" => RuntimeEventType.OutOfMemory,
                _ => null,
            };
            if (type is null) return;
            var uid = value.Actor.Attributes.TryGetValue(ContainerLabels.PodUid, out var label) ? label : "";
            writer.TryWrite(new RuntimeEvent(type.Value, value.Actor.ID, uid));
        }
    }
}
