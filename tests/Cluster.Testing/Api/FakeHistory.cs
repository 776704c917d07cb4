using Cluster.Api;

namespace Cluster.Testing;

/// <summary>One write the fake server remembers for its watchers.</summary>
internal sealed record FakeChange(long Revision, ResourceType Type, IApiObject? Old, IApiObject? New);

/// <summary>Every write in order, until compacted; watchers read it by position. Safe for concurrent use.</summary>
internal sealed class FakeHistory
{
    private readonly Lock _lock = new();
    private readonly List<FakeChange> _changes = [];
    private TaskCompletionSource _moved = NewSignal();

    /// <summary>Writes up to this revision are forgotten.</summary>
    public long CompactedAt { get; private set; }

    /// <summary>Grows each time watchers shall end.</summary>
    public int Generation { get; private set; }

    /// <summary>Grows each time watchers shall send a bookmark.</summary>
    public int Bookmarks { get; private set; }

    public void Add(FakeChange change) => Move(() => _changes.Add(change));

    public void EndWatches() => Move(() => Generation++);

    public void SendBookmarks() => Move(() => Bookmarks++);

    public void Compact(long revision) => Move(() =>
    {
        CompactedAt = Math.Max(CompactedAt, revision);
        _changes.RemoveAll(change => change.Revision <= revision);
    });

    /// <summary>The writes after a revision, and a task that ends when there is something new.</summary>
    /// <exception cref="StatusException">410: the revision was compacted.</exception>
    public (List<FakeChange> Changes, Task Moved) After(long revision)
    {
        lock (_lock)
        {
            return revision < CompactedAt ? throw StatusErrors.Expired() : (_changes.FindAll(change => change.Revision > revision), _moved.Task);
        }
    }

    private void Move(Action change)
    {
        TaskCompletionSource moved;
        lock (_lock)
        {
            change();
            moved = _moved;
            _moved = NewSignal();
        }

        moved.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
