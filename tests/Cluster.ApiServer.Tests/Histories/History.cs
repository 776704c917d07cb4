using Cluster.Client;

namespace Cluster.ApiServer.Tests.Histories;

/// <summary>All that was written, and the judgement of what clients were told about it.</summary>
internal sealed class History
{
    private readonly Lock _lock = new();
    private readonly List<Change> _changes = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _changes.Count;
        }
    }

    public void Add(Change change)
    {
        lock (_lock)
            _changes.Add(change);
    }

    /// <summary>Null, or the first thing that is wrong with what a client was told: something lost, repeated, out of order, or made up.</summary>
    public string? Judge(Scope scope, IReadOnlyList<Observation> told)
    {
        var changes = _changes.OrderBy(change => change.Revision).ToList();
        var at = 0;
        for (var i = 0; i < told.Count; i++)
        {
            var wrong = told[i] switch
            {
                Observation.Listed list => JudgeList(scope, list, changes, ref at),
                Observation.Seen { Type: ResourceEventType.Bookmark } mark => JudgeBookmark(scope, mark, changes, at),
                Observation.Seen seen => JudgeEvent(scope, seen, changes, ref at),
                _ => throw new InvalidOperationException(),
            };
            if (wrong is not null)
                return $"{scope}, observation {i} of {told.Count}: {wrong}\nbefore it: {string.Join("\n  ", told.Take(i).TakeLast(5))}";
        }

        return Next(scope, changes, at) is { } lost ? $"{scope} was never told of {changes[lost]}" : null;
    }

    private static string? JudgeList(Scope scope, Observation.Listed list, List<Change> changes, ref int at)
    {
        Dictionary<string, long> expected = [];
        for (at = 0; at < changes.Count && changes[at].Revision <= list.Revision; at++)
        {
            var key = Key(changes[at]);
            if (scope.See(changes[at]) is ResourceEventType.Added or ResourceEventType.Modified)
                expected[key] = changes[at].Revision;
            else if (scope.See(changes[at]) is ResourceEventType.Deleted)
                expected.Remove(key);
        }

        var wrong = expected.Except(list.Objects).Concat(list.Objects.Except(expected)).ToList();
        return wrong.Count == 0 ? null
            : $"the list at {list.Revision} differs from what was written at {string.Join(", ", wrong)}";
    }

    private static string? JudgeEvent(Scope scope, Observation.Seen seen, List<Change> changes, ref int at)
    {
        if (Next(scope, changes, at) is not { } next)
            return $"{seen} was never written, or was told before";

        at = next + 1;
        var expected = new Observation.Seen(changes[next].Revision, scope.See(changes[next])!.Value, Key(changes[next]));
        return seen == expected ? null : $"expected {expected}, but was told {seen}";
    }

    private static string? JudgeBookmark(Scope scope, Observation.Seen mark, List<Change> changes, int at) =>
        Next(scope, changes, at) is { } next && changes[next].Revision <= mark.Revision ? $"{mark} jumps over {changes[next]}" : null;

    private static int? Next(Scope scope, List<Change> changes, int at)
    {
        while (at < changes.Count && scope.See(changes[at]) is null)
            at++;
        return at < changes.Count ? at : null;
    }

    private static string Key(Change change) => $"{change.Namespace}/{change.Name}";
}
