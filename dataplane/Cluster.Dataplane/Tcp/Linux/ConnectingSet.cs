namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>The connections of a loop that wait for a backend's answer. Adding and removing cost the same however many wait.</summary>
internal sealed class ConnectingSet
{
    private readonly List<LoopConnection> _waiting = [];

    public int Count => _waiting.Count;

    public LoopConnection this[int index] => _waiting[index];

    /// <summary>Adds a connection; one that waits already stays where it is.</summary>
    public void Add(LoopConnection connection)
    {
        if (connection.Dial!.Place >= 0) return;
        connection.Dial.Place = _waiting.Count;
        _waiting.Add(connection);
    }

    /// <summary>Removes a connection, if it waits; the last one takes its place.</summary>
    public void Remove(LoopConnection connection)
    {
        if (connection.Dial is not { Place: >= 0 and int place } dial) return;
        LoopConnection last = _waiting[^1];
        _waiting[place] = last;
        last.Dial!.Place = place;
        _waiting.RemoveAt(_waiting.Count - 1);
        dial.Place = -1;
    }
}
