using System.Buffers;

namespace Cluster.ApiServer.Auditing;

/// <summary>A copy of a body that goes by; of one beyond the limit nothing is kept.</summary>
/// <param name="limit">In bytes.</param>
internal sealed class BoundedCopy(int limit)
{
    private ArrayBufferWriter<byte>? _copy = new();

    /// <summary>All that went by; empty: it was more than the limit.</summary>
    public ReadOnlyMemory<byte> Bytes => _copy?.WrittenMemory ?? default;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_copy is null)
            return;
        if (_copy.WrittenCount + bytes.Length > limit)
            _copy = null;
        else
            _copy.Write(bytes);
    }
}
