namespace Cluster.Dataplane.Dns;

/// <summary>A query that was understood.</summary>
/// <param name="Question">What is asked.</param>
/// <param name="QuestionBytes">Length of the question as it was written, which an answer repeats to the letter's case.</param>
/// <param name="HasEdns">The asker knows EDNS (RFC 6891) and gets an OPT record back.</param>
/// <param name="MaxUdpBytes">The largest answer the asker takes in a datagram.</param>
public readonly record struct DnsQuery(DnsQuestion Question, int QuestionBytes, bool HasEdns, int MaxUdpBytes)
{
    private const int LeastUdpBytes = 512;

    /// <summary>What passes everywhere without fragments, whatever the asker says it can take.</summary>
    private const int MostUdpBytes = 1232;

    private const ushort ClassIn = 1;

    /// <returns>NoError where the query can be answered; else the code to answer with, or null to say nothing at all.</returns>
    public static DnsResponseCode? Parse(ReadOnlySpan<byte> message, out DnsQuery query)
    {
        query = default;
        // Too short to answer, or an answer itself: answering those lets two servers talk for ever.
        if (message.Length < DnsReader.HeaderBytes || (message[2] & 0x80) != 0) return null;
        if ((message[2] & 0x78) != 0) return DnsResponseCode.NotImplemented;
        if (DnsReader.UInt16At(message, 4) != 1) return DnsResponseCode.FormatError;

        var reader = new DnsReader(message);
        if (!reader.TryReadName(out var name) || !reader.TryReadUInt16(out var type) || !reader.TryReadUInt16(out var @class))
            return DnsResponseCode.FormatError;
        var questionBytes = reader.Position - DnsReader.HeaderBytes;
        var (hasEdns, size) = Edns(message, ref reader);
        query = new DnsQuery(new DnsQuestion(name, (DnsType)type), questionBytes, hasEdns, Math.Clamp(size, LeastUdpBytes, MostUdpBytes));
        return @class == ClassIn ? DnsResponseCode.NoError : DnsResponseCode.Refused;
    }

    private static (bool Has, int UdpBytes) Edns(ReadOnlySpan<byte> message, ref DnsReader reader)
    {
        var records = DnsReader.UInt16At(message, 6) + DnsReader.UInt16At(message, 8) + DnsReader.UInt16At(message, 10);
        for (var i = 0; i < records && reader.TryReadRecord(out _, out var type, out var udpBytes, out _, out _); i++)
            if (type == DnsType.OPT) return (true, udpBytes);
        return (false, 0);
    }
}
