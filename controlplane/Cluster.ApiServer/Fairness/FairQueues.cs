using System.Diagnostics.Metrics;
using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Hosting;

namespace Cluster.ApiServer.Fairness;

/// <summary>
/// Bounds the requests served at once, by priority levels; within a level each user is a flow. Who finds no seat in time, or too many
/// waiting already, is told to come back later (429).
/// </summary>
/// <remarks>
/// A list takes a seat for each hundred objects there are, as in Kubernetes: some long lists at once would keep a core from all others. So does a watch
/// until it has sent the state it begins with. Watches after that and streams take none: they last for hours, and their cursors and tunnels are bounded on
/// their own.
/// </remarks>
internal sealed class FairQueues
{
    private const int RetryAfterSeconds = 1;

    private const int ObjectsOfASeat = 100;

    private static readonly Counter<long> Rejected = ServerMetrics.Meter.CreateCounter<long>(
        "apiserver_flowcontrol_rejected_requests_total", description: "Requests that found no seat, by priority level, flow schema and reason.");

    private static readonly UpDownCounter<long> Executing = ServerMetrics.Meter.CreateUpDownCounter<long>(
        "apiserver_flowcontrol_current_executing_requests", description: "Requests that have a seat, by priority level.");

    /// <summary>Kubernetes' shares of the seats, in the order of <see cref="FlowSchema"/> after exempt.</summary>
    private static readonly (string Level, int Shares, int QueueLength, bool IsForeign)[] Shares =
    [
        ("system", 30, 100, false), ("leader-election", 10, 100, false), ("workload-high", 40, 100, false),
        ("workload-low", 100, 100, true), ("global-default", 20, 100, true), ("catch-all", 5, 10, true),
    ];

    /// <summary>
    /// Of one user's requests that are served at once each waits for a core behind the others, and so does whoever comes: with these that is some milliseconds
    /// each time, with Kubernetes' dozens for a machine of many cores it was a quarter of a second. The cluster's own programs are trusted with more.
    /// </summary>
    private const int SeatsOfOneUserByCore = 8;

    private readonly PriorityLevel[] _levels;
    private readonly TimeSpan _patience;
    private readonly Refusals _refusals;

    /// <param name="seats">Of all levels together.</param>
    /// <param name="patience">The longest wait for a seat.</param>
    /// <param name="time">The clock of waiting.</param>
    /// <param name="cores">That serve.</param>
    public FairQueues(int seats, TimeSpan patience, TimeProvider time, int cores)
    {
        _patience = patience;
        _refusals = new Refusals(freeASecond: 0, time);
        var shares = Shares.Sum(level => level.Shares);
        _levels = [.. Shares.Select(level => new PriorityLevel(Options(level.Level, Math.Max(1, seats * level.Shares / shares), level.QueueLength, level.IsForeign), time))];

        LevelOptions Options(string name, int of, int queue, bool isForeign) =>
            new(name, of, queue) { MostOfOneFlow = isForeign ? SeatsOfOneUserByCore * cores : int.MaxValue };
    }

    /// <summary>How many objects there are of a resource (group, version, plural); it is asked at each list.</summary>
    public Func<string, string, string, int> Count { get; init; } = (_, _, _) => 0;

    /// <summary>Waits for the request's seats; dispose what it returns when the request is answered.</summary>
    /// <exception cref="StatusException">429.</exception>
    public ValueTask<Seat> EnterAsync(UserIdentity user, string path, in RequestLabels labels, CancellationToken cancellationToken)
    {
        var schema = SchemaOf(user, path, labels);
        return schema == FlowSchema.Exempt ? default : EnterAsync(schema, user.Name, Width(labels), cancellationToken);
    }

    /// <summary>The seat is what such a request takes.</summary>
    public bool IsFor(in Seat seat, UserIdentity user, string path, in RequestLabels labels)
    {
        var schema = SchemaOf(user, path, labels);
        return schema == FlowSchema.Exempt ? seat.Level is null
            : LevelOf(schema) is var level && level == seat.Level && Math.Clamp(Width(labels), 1, level.WidestRequest) == seat.Width;
    }

    private static FlowSchema SchemaOf(UserIdentity user, string path, in RequestLabels labels) =>
        labels is { LongRunning: true, Watches: false } ? FlowSchema.Exempt : FlowSchemas.Of(user, path, labels.Group);

    private PriorityLevel LevelOf(FlowSchema schema) => _levels[(int)schema - 1];

    private int Width(in RequestLabels labels)
    {
        if (labels.Verb != "LIST" && !labels.FromBeginning)
            return 1;
        var objects = Count(labels.Group, labels.Version, labels.Resource);
        if (labels.Limit > 0)
            objects = (int)Math.Min(objects, labels.Limit);
        return (objects + ObjectsOfASeat - 1) / ObjectsOfASeat;
    }

    private async ValueTask<Seat> EnterAsync(FlowSchema schema, string flow, int width, CancellationToken cancellationToken)
    {
        var level = LevelOf(schema);
        width = Math.Clamp(width, 1, level.WidestRequest);
        var entering = level.EnterAsync(flow, width, _patience, cancellationToken);
        var waits = !entering.IsCompleted;
        if (await entering)
        {
            Executing.Add(1, new KeyValuePair<string, object?>("priority_level", level.Name));
            return new Seat(this, level, flow, width);
        }

        Rejected.Add(1, new("priority_level", level.Name), new("flow_schema", schema.ToString()), new("reason", waits ? "time-out" : "queue-full"));
        if (!waits)
            await _refusals.HoldAsync(cancellationToken);
        throw StatusErrors.TooManyRequests("Too many requests, please try again later.", RetryAfterSeconds);
    }

    /// <summary>Ends with the request it was taken for; the default one was never taken.</summary>
    internal readonly struct Seat(FairQueues? queues, PriorityLevel level, string flow, int width) : IDisposable
    {
        /// <summary>Null: of the default one.</summary>
        public PriorityLevel? Level => level;

        public int Width => width;

        public void Dispose()
        {
            if (queues is null)
                return;
            Executing.Add(-1, new KeyValuePair<string, object?>("priority_level", level.Name));
            level.Leave(flow, width);
        }
    }
}
