using Cluster.Api.CoreV1;

namespace Cluster.Client;

/// <summary>Something to tell about an object.</summary>
internal sealed record Observed(ObjectReference About, string Type, string Reason, string Message, DateTimeOffset At);

/// <summary>What to write for it: a new Event or, where <paramref name="ExistingName"/> is set, a new count on an old one.</summary>
internal sealed record CorrelatedEvent(Observed Observed, string Message, int Count, string? ExistingName);

/// <summary>Keeps talkative components from flooding the store, by client-go's numbers. Used by one sender only.</summary>
/// <remarks>
/// Equal events become a count. More than 10 events in 10 minutes that differ in their message alone are combined into one. An object gets a
/// burst of 25 events and then one every 300 seconds.
/// </remarks>
internal sealed class EventCorrelator(TimeProvider time)
{
    private const int MaxSimilar = 10;
    private const int SpamBurst = 25;
    private const double SpamPerSecond = 1.0 / 300;

    /// <summary>Objects and events remembered before the memory starts afresh: a bound, not a tuning.</summary>
    private const int MaxRemembered = 4096;

    private static readonly TimeSpan SimilarWindow = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, BucketRateLimiter<string>> _spam = [];
    private readonly Dictionary<(string Object, string Reason), Similar> _similar = [];
    private readonly Dictionary<(string Object, string Reason, string Message), Counted> _counted = [];

    /// <summary>Null: the object has had too many events.</summary>
    public CorrelatedEvent? Correlate(Observed observed)
    {
        Bound();
        var about = Key(observed);
        if (!_spam.TryGetValue(about, out var bucket))
        {
            _spam[about] = bucket = new(SpamPerSecond, SpamBurst, time);
        }

        if (!bucket.TryTake())
        {
            return null;
        }

        var message = Combine(about, observed) ? "(combined from similar events): " + observed.Message : observed.Message;
        var counted = _counted.GetValueOrDefault(CountKey(observed, message));
        return new(observed, message, (counted?.Count ?? 0) + 1, counted?.Name);
    }

    /// <summary>The event was written under a name: its repeats are counted there.</summary>
    public void Remember(CorrelatedEvent record, string name) =>
        _counted[CountKey(record.Observed, record.Message)] = new(name, record.Count);

    /// <summary>True once more than <see cref="MaxSimilar"/> messages of one reason came within the window.</summary>
    private bool Combine(string about, Observed observed)
    {
        var key = (about, observed.Reason);
        if (!_similar.TryGetValue(key, out var similar) || observed.At - similar.LastAt > SimilarWindow)
        {
            _similar[key] = similar = new();
        }

        similar.LastAt = observed.At;
        if (similar.Messages.Count <= MaxSimilar)
        {
            similar.Messages.Add(observed.Message);
        }

        return similar.Messages.Count > MaxSimilar;
    }

    private void Bound()
    {
        if (_spam.Count > MaxRemembered || _counted.Count > MaxRemembered)
        {
            _spam.Clear();
            _similar.Clear();
            _counted.Clear();
        }
    }

    private static string Key(Observed observed) =>
        $"{observed.About.Kind}/{observed.About.Namespace}/{observed.About.Name}/{observed.About.Uid}/{observed.About.FieldPath}/{observed.Type}";

    private static (string Object, string Reason, string Message) CountKey(Observed observed, string message) =>
        // Combined events differ in their message: they are one all the same.
        (Key(observed), observed.Reason, message.StartsWith("(combined", StringComparison.Ordinal) ? "(combined)" : message);

    private sealed class Similar
    {
        public HashSet<string> Messages { get; } = [];

        public DateTimeOffset LastAt { get; set; }
    }

    private sealed record Counted(string Name, int Count);
}
