using System.Collections.Frozen;
using Cluster.Api;

namespace Cluster.ApiServer.CustomResources;

/// <summary>All resources the server offers now: the built-in ones, and those that definitions add and take away.</summary>
/// <remarks>The store feed publishes; readers take one volatile read. Built-in resources are found without a look at the others.</remarks>
public sealed class ServedResources
{
    // Of a definition that was just established: longer than its objects take to load. Only requests for unknown resources wait.
    private static readonly TimeSpan ChangeTimeout = TimeSpan.FromSeconds(2);

    private Snapshot _now = new([]);
    private TaskCompletionSource? _changing;

    /// <summary>The resources now.</summary>
    public Snapshot Now => Volatile.Read(ref _now);

    /// <summary>The resource a path names, or null.</summary>
    public ResourceType? Find(string group, string version, string plural) =>
        ResourceCatalog.Find(group, version, plural) ?? Now.Find(group, version, plural);

    /// <summary>As <see cref="Find"/>; where there is none, and definitions are changing this moment, that is waited for.</summary>
    public ValueTask<ResourceType?> FindAsync(string group, string version, string plural, CancellationToken cancellationToken) =>
        Find(group, version, plural) is { } type ? ValueTask.FromResult<ResourceType?>(type)
        : Volatile.Read(ref _changing) is { } changing ? new(FindSlowlyAsync(changing.Task, group, version, plural, cancellationToken))
        : ValueTask.FromResult<ResourceType?>(null);

    /// <summary>The resources now; where definitions are changing this moment, after that.</summary>
    public ValueTask<Snapshot> SettledAsync(CancellationToken cancellationToken) =>
        Volatile.Read(ref _changing) is { } changing ? new(SettleSlowlyAsync(changing.Task, cancellationToken)) : ValueTask.FromResult(Now);

    /// <summary>What definitions say is about to change.</summary>
    internal void Change()
    {
        if (Volatile.Read(ref _changing) is null)
            Volatile.Write(ref _changing, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    /// <summary>What definitions add, from now on.</summary>
    internal void Publish(IEnumerable<ResourceType> custom)
    {
        Volatile.Write(ref _now, new Snapshot(custom));
        Interlocked.Exchange(ref _changing, null)?.TrySetResult();
    }

    private async Task<ResourceType?> FindSlowlyAsync(Task changing, string group, string version, string plural, CancellationToken cancellationToken)
    {
        await SettleSlowlyAsync(changing, cancellationToken);
        return Find(group, version, plural);
    }

    private async Task<Snapshot> SettleSlowlyAsync(Task changing, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(ChangeTimeout, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return Now;
    }

    /// <summary>The resources at one moment. Immutable; another one is another object.</summary>
    public sealed class Snapshot
    {
        private readonly FrozenDictionary<(string Group, string Version, string Plural), ResourceType> _custom;

        internal Snapshot(IEnumerable<ResourceType> custom)
        {
            Custom = [.. custom.Where(type => type.Verbs.Count > 0)
                .OrderBy(type => type.Group, StringComparer.Ordinal)
                .ThenBy(type => type.Version, VersionOrder.PreferredFirst)
                .ThenBy(type => type.Plural, StringComparer.Ordinal)];
            _custom = Custom.ToFrozenDictionary(type => (type.Group, type.Version, type.Plural));
            All = Custom.Count == 0 ? ResourceCatalog.All : [.. ResourceCatalog.All, .. Custom];
        }

        /// <summary>Built-in resources in the catalog's order, then the others by group, preferred version and name.</summary>
        public IReadOnlyList<ResourceType> All { get; }

        /// <summary>Those that definitions add.</summary>
        public IReadOnlyList<ResourceType> Custom { get; }

        internal ResourceType? Find(string group, string version, string plural) => _custom.GetValueOrDefault((group, version, plural));
    }
}
