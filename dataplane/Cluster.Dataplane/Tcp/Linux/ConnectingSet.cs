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
        if (connection.ConnectingIndex >= 0) return;
        connection.ConnectingIndex = _waiting.Count;
        _waiting.Add(connection);
    }

    /// <summary>Removes a connection, if it waits; the last one takes its place.</summary>
    public void Remove(LoopConnection connection)
    {
        if (connection.ConnectingIndex < 0) return;
        LoopConnection last = _waiting[^1];
        _waiting[connection.ConnectingIndex] = last;
        last.ConnectingIndex = connection.ConnectingIndex;
        _waiting.RemoveAt(_waiting.Count - 1);
        connection.ConnectingIndex = -1;
    }
}
