namespace Cluster.Controllers.Framework;

/// <summary>How long something that keeps failing waits before it is done again: 1 s, doubling to 15 min, forgotten after twice that.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class Backoffs(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Done, TimeSpan Delay)> _entries = [];

    /// <summary>Null: do it now, and the next time waits longer; otherwise how long to wait still.</summary>
    public TimeSpan? Wait(string key)
    {
        lock (_lock)
        {
            foreach (var old in _entries.Where(one => time.GetElapsedTime(one.Value.Done) > 2 * Longest).Select(one => one.Key).ToList())
            {
                _entries.Remove(old);
            }

            var known = _entries.TryGetValue(key, out var entry);
            var left = known ? entry.Delay - time.GetElapsedTime(entry.Done) : TimeSpan.Zero;
            if (left > TimeSpan.Zero)
            {
                return left;
            }

            var next = known ? 2 * entry.Delay : First;
            _entries[key] = (time.GetTimestamp(), next < Longest ? next : Longest);
            return null;
        }
    }
}
