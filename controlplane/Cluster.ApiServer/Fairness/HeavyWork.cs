using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Fairness;

/// <summary>
/// Work that keeps a core for long, such as the first encoding of some thousand objects: it has threads of its own and few of them, so that the system
/// shares the cores between it and the short requests, which get slices of them and never wait for its end.
/// </summary>
/// <remarks>
/// Who may mend an overloaded server, the cluster's own programs and all others wait apart from each other, and among themselves the users take turns.
/// Safe for concurrent use.
/// </remarks>
/// <param name="threads">That work at once for each of the three.</param>
internal sealed class HeavyWork(int threads)
{
    private readonly PriorityLevel _exempt = Level("exempt", threads);
    private readonly PriorityLevel _system = Level("system", threads);
    private readonly PriorityLevel _others = Level("others", threads);

    /// <summary>Of this process: none of the three fills the cores alone. All three at once have more threads than there are cores, and the system shares these out.</summary>
    public static HeavyWork Shared { get; } = new(Math.Max(1, Environment.ProcessorCount - 1));

    /// <summary>Does the work when its turn comes.</summary>
    /// <param name="user">For whom.</param>
    /// <param name="work">Looks at its token now and then.</param>
    /// <param name="cancellationToken">Ends the wait for its turn, and the work.</param>
    public async Task<T> RunAsync<T>(UserIdentity user, Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        var level = LevelOf(user);
        // Bounded by the requests that have a seat, and by the time of each.
        await level.EnterAsync(user.Name, width: 1, Timeout.InfiniteTimeSpan, cancellationToken);
        try
        {
            return await Task.Factory.StartNew(
                () => work(cancellationToken), cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        }
        finally
        {
            level.Leave(user.Name, width: 1);
        }
    }

    private PriorityLevel LevelOf(UserIdentity user) => FlowSchemas.Of(user, "/", "") switch
    {
        FlowSchema.Exempt => _exempt,
        FlowSchema.SystemNodes or FlowSchema.LeaderElection or FlowSchema.WorkloadHigh => _system,
        _ => _others,
    };

    private static PriorityLevel Level(string name, int threads) =>
        new(new LevelOptions(name, threads, QueueLength: int.MaxValue, MaxWaiting: int.MaxValue), TimeProvider.System);
}
