using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>What one thread needs to answer queries one after the other: room for names, its turn of round robin, its counters.</summary>
internal sealed class DnsWorkspace(DnsCounts counts)
{
    private readonly byte[] _name = new byte[WireName.MaxBytes];
    private readonly byte[] _other = new byte[WireName.MaxBytes];
    private readonly byte[] _starts = new byte[WireName.MaxLabels];
    private uint _turn = (uint)Random.Shared.Next();

    public DnsCounts Counts => counts;

    /// <summary>Labels of the name that was read last.</summary>
    public int Labels { get; private set; }

    /// <summary>Which record comes first in the next answer: another each time, and none that a rhythm in the questions would favour.</summary>
    public uint NextTurn()
    {
        // The generator of Numerical Recipes; its high bits are the random ones.
        _turn = (_turn * 1664525) + 1013904223;
        return _turn >> 8;
    }

    /// <summary>Who asks.</summary>
    public ClientAddress Client { get; set; }

    /// <summary>The time of now, of the responder's clock.</summary>
    public long Now { get; set; }

    /// <summary>The question that has to be asked upstream before the query can be answered: set where the answer is "ask".</summary>
    public UpstreamQuestion? Needed { get; set; }

    /// <summary>Takes <see cref="Needed"/> after the answer was "ask".</summary>
    public UpstreamQuestion TakeNeeded()
    {
        UpstreamQuestion needed = Needed!;
        Needed = null;
        return needed;
    }

    /// <summary>What was asked upstream for this query already.</summary>
    public List<UpstreamAnswer>? Known { get; set; }

    /// <summary>Reads a question's name; its bytes, or 0 where there is none.</summary>
    public int ReadName(ReadOnlySpan<byte> bytes)
    {
        int length = WireName.Measure(bytes, _starts, out int labels);
        Labels = labels;
        if (length > 0) WireName.ToLower(bytes[..length], _name);
        return length;
    }

    /// <summary>The name that was read, in lower case, from a label on.</summary>
    public ReadOnlySpan<byte> Name(int length, int fromLabel = 0) =>
        _name.AsSpan(0, length)[(fromLabel == Labels ? length - 1 : _starts[fromLabel])..];

    /// <summary>Where a label stands in the name.</summary>
    public int StartOf(int label) => _starts[label];

    /// <summary>A label of the name, without its length.</summary>
    public ReadOnlySpan<byte> Label(int label) => _name.AsSpan(_starts[label] + 1, _name[_starts[label]]);

    /// <summary>The first labels of the name, not all, before another ending; empty where that is too long to be a name. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Joined(int labels, ReadOnlySpan<byte> ending)
    {
        int length = _starts[labels];
        if (length + ending.Length > WireName.MaxBytes) return [];
        _name.AsSpan(0, length).CopyTo(_other);
        ending.CopyTo(_other.AsSpan(length));
        return _other.AsSpan(0, length + ending.Length);
    }
}
