namespace Cluster.Dataplane.Services;

/// <summary>All service ports of this node at one moment: an immutable snapshot, read without locks.</summary>
/// <remarks>
/// Entries are found by slot in two steps through chunks. A change copies one chunk and the list of chunks (about 1.6 kB at
/// 10,000 services) and shares the rest with the table before it, so an update costs about a microsecond whatever the size.
/// </remarks>
public sealed class ServiceTable
{
    internal const int ChunkBits = 7;
    internal const int ChunkSize = 1 << ChunkBits;

    public static readonly ServiceTable Empty = new([], 0);

    private readonly ServiceEntry?[][] _chunks;

    internal ServiceTable(ServiceEntry?[][] chunks, int count)
    {
        _chunks = chunks;
        Count = count;
    }

    /// <summary>Service ports in the table.</summary>
    public int Count { get; }

    /// <summary>The entry at a slot, or null where the service port is gone. Two dependent reads.</summary>
    public ServiceEntry? this[int slot]
    {
        get
        {
            var chunk = slot >> ChunkBits;
            return (uint)chunk < (uint)_chunks.Length ? _chunks[chunk][slot & (ChunkSize - 1)] : null;
        }
    }

    public IEnumerable<ServiceEntry> Entries => _chunks.SelectMany(chunk => chunk).OfType<ServiceEntry>();

    internal ServiceEntry?[][] Chunks => _chunks;
}
