using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>What the connections of a loop share to pass bytes on: one buffer, and the pipes of those that stream.</summary>
/// <remarks>Used by its loop's thread alone.</remarks>
internal sealed class LoopBuffers(TcpRelayOptions options, int connectionLimit) : IDisposable
{
    /// <summary>The largest read that is copied: what one segment of a local TCP connection holds at most.</summary>
    private const int Size = 64 * 1024;

    /// <summary>
    /// What a pipe should hold. Beside 256 kB, the CPU time of a megabyte in four passes: 258 us to 328, 440 to 370, 502 to 453 and 464 to 403,
    /// less with 1 MB in three of the four.
    /// </summary>
    private const int PipeSize = 1024 * 1024;

    // Below 1,024 descriptors or so there is none: they are needed for connections.
    private const int ConnectionsPerPipe = 32;
    private const int MostPipes = 64;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Size, pinned: true);

    /// <summary>Holds nothing from one use to the next.</summary>
    public Span<byte> Bytes => _bytes;

    public PipePool Pipes { get; } =
        new(options.PipesPerLoop ?? Math.Min(MostPipes, connectionLimit / ConnectionsPerPipe), static () => SplicePipe.TryCreate(PipeSize), TimeProvider.System);

    /// <summary>Large reads in a row after which a direction is spliced.</summary>
    public int SpliceAfter { get; } = options.SpliceAfter;

    public void Dispose() => Pipes.Dispose();
}
