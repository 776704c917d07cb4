namespace Cluster.Kubelet.Lifecycle;

/// <summary>
/// Delays between tries that double up to a maximum and are forgotten after twice the maximum without a try. Thread-safe.
/// </summary>
public sealed class RestartBackOff(TimeSpan initial, TimeSpan maximum, TimeProvider time)
{
    private readonly Dictionary<string, Entry> entries = [];
    private readonly Lock sync = new();

    /// <summary>How long from now the key must wait, counted from the event it waits after; zero: it may go.</summary>
    public TimeSpan Remaining(string key, DateTimeOffset since)
    {
        lock (sync)
        {
            if (!entries.TryGetValue(key, out var entry) || HasExpired(entry, since)) return TimeSpan.Zero;
            var left = since + entry.Delay - time.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The delay the key is at, for messages.</summary>
    public TimeSpan Current(string key)
    {
        lock (sync) return entries.TryGetValue(key, out var entry) ? entry.Delay : TimeSpan.Zero;
    }

    /// <summary>Counts a try made because of an event: the next one waits longer.</summary>
    public void Next(string key, DateTimeOffset since)
    {
        lock (sync)
        {
            var delay = entries.TryGetValue(key, out var entry) && !HasExpired(entry, since) ? entry.Delay * 2 : initial;
            entries[key] = new Entry(delay < maximum ? delay : maximum, time.GetUtcNow());
        }
    }

    /// <summary>Forgets every key of a prefix: a pod's, when it goes.</summary>
    public void Forget(string prefix)
    {
        lock (sync)
        {
            foreach (var key in entries.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList()) entries.Remove(key);
        }
    }

    private bool HasExpired(Entry entry, DateTimeOffset since) => since - entry.UpdatedAt > maximum * 2;

    private readonly record struct Entry(TimeSpan Delay, DateTimeOffset UpdatedAt);
}
