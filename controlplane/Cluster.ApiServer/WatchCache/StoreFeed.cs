using System.Runtime.InteropServices;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.WatchCache;

/// <summary>Keeps the caches in step with the store: loads everything at one revision, then follows one watch over all keys.</summary>
/// <remarks>
/// One watch for all resources makes one revision that all caches have reached, which is what a fresh read waits for. The loop is the
/// only writer of the caches. When the store goes away it resumes after the last whole revision; when that is compacted it loads again.
/// </remarks>
internal sealed class StoreFeed(
    IStore store, IReadOnlyList<ResourceCache> caches, IReadOnlyList<KeyCache> keys, TimeProvider time, ILogger logger)
{
    public const string Root = "/registry/";

    // Some seconds of a busy cluster, minutes of a quiet one; replaying them takes milliseconds.
    private const int ReplayedRevisions = 2000;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, ResourceCache> _byPrefix =
        caches.ToDictionary(cache => cache.Type.StoragePrefix!, StringComparer.Ordinal);
    private readonly List<StoreChange> _pending = [];
    private readonly AsyncPulse _advanced = new();
    private long _revision;
    private bool _following = true;

    /// <summary>The caches of what definitions add; null: none are looked for.</summary>
    public CustomCaches? Custom { get; init; }

    /// <summary>Every cache holds the store's state as of this revision.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>The watch of the store is open.</summary>
    public bool IsFollowing => Volatile.Read(ref _following);

    /// <summary>Loads the state of a little while ago, where the store still has it; <see cref="RunAsync"/> then catches up.</summary>
    /// <remarks>
    /// What it catches up on fills the rings: clients of the server that ran before find their place, and need not list again.
    /// </remarks>
    /// <returns>The store's revision now.</returns>
    public async Task<long> LoadAsync(CancellationToken cancellationToken)
    {
        var now = await store.GetRevisionAsync(cancellationToken);
        try
        {
            await LoadAsync(Math.Max(now - ReplayedRevisions, Math.Min(now, 1)), cancellationToken);
        }
        catch (CompactedException)
        {
            await LoadAsync(now, cancellationToken);
        }

        return now;
    }

    /// <summary>Follows the store until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (CompactedException exception)
            {
                logger.LogWarning(exception, "The store forgot the changes after revision {Revision}; loading everything again", Revision);
                await ReloadAsync(cancellationToken);
            }
            catch (Exception exception)
            {
                // The top of the loop: whatever ends the watch, the caches must catch up or every fresh read fails.
                logger.LogWarning(exception, "The watch of the store ended after revision {Revision}; resuming", Revision);
            }

            await Task.Delay(RetryDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits until the caches have a revision; false: not within the timeout.</summary>
    public ValueTask<bool> WaitAsync(long revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        Revision >= revision ? ValueTask.FromResult(true) : new ValueTask<bool>(WaitSlowlyAsync(revision, timeout, cancellationToken));

    private async Task<bool> WaitSlowlyAsync(long revision, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var next = _advanced.Next;
            if (Revision >= revision)
                return true;

            var left = timeout - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
                return false;

            await next.WaitAsync(left, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task LoadAsync(long revision, CancellationToken cancellationToken)
    {
        foreach (var cache in caches)
            cache.Load((await store.RangeAsync(cache.Type.StoragePrefix!, null, 0, revision, cancellationToken)).Entries, revision);
        foreach (var cache in keys)
            cache.Load((await store.RangeAsync(cache.Prefix, null, 0, revision, cancellationToken)).Entries);
        if (Custom is not null)
            await Custom.SyncAsync(revision, reload: true, cancellationToken);

        Advance(revision);
    }

    private async Task ReloadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadAsync(cancellationToken);
        }
        catch (StoreException exception)
        {
            logger.LogWarning(exception, "Loading the caches failed; trying again");
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            Volatile.Write(ref _following, true);
            // Where the store failed in the middle of this before.
            await FollowDefinitionsAsync(cancellationToken);
            await foreach (var changes in store.WatchAsync(Root, Revision, cancellationToken))
            {
                Apply(changes);
                Advance(changes.Revision);
                await FollowDefinitionsAsync(cancellationToken);
            }
        }
        finally
        {
            Volatile.Write(ref _following, false);
        }
    }

    private ValueTask FollowDefinitionsAsync(CancellationToken cancellationToken) =>
        Custom is { IsBehind: true } custom ? new(custom.SyncAsync(Revision, reload: false, cancellationToken)) : ValueTask.CompletedTask;

    // Objects first, ledgers and claims after them: whoever sees a node's ledger at a revision finds the pods of that revision.
    private void Apply(StoreChanges changes)
    {
        for (var i = 0; i < changes.Changes.Count; i++)
        {
            if (CacheOf(changes.Changes[i].Key) is not { } cache)
                continue;

            _pending.Clear();
            _pending.Add(changes.Changes[i]);
            while (i + 1 < changes.Changes.Count && CacheOf(changes.Changes[i + 1].Key) == cache)
                _pending.Add(changes.Changes[++i]);
            cache.Apply(changes.Revision, CollectionsMarshal.AsSpan(_pending));
        }

        foreach (var change in changes.Changes)
            ApplyKey(change);
    }

    private void ApplyKey(StoreChange change)
    {
        foreach (var cache in keys)
        {
            if (change.Key.StartsWith(cache.Prefix, StringComparison.Ordinal))
                cache.Apply(change);
        }
    }

    // /registry/pods/... or /registry/services/specs/...: the prefix is the first two or three segments.
    private ResourceCache? CacheOf(string key)
    {
        var second = key.IndexOf('/', Root.Length);
        if (second < 0)
            return null;

        if (_byPrefix.TryGetValue(key[..(second + 1)], out var cache))
            return cache;

        var third = key.IndexOf('/', second + 1);
        if (third < 0)
            return null;

        var prefix = key[..(third + 1)];
        return _byPrefix.GetValueOrDefault(prefix) ?? Custom?.Find(prefix);
    }

    private void Advance(long revision)
    {
        Volatile.Write(ref _revision, revision);
        _advanced.Pulse();
    }
}
