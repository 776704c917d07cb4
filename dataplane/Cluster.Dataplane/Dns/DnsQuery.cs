namespace Cluster.Dataplane.Dns;

/// <summary>A query that was understood; the name stands in the workspace it was read into.</summary>
/// <param name="NameBytes">Length of the name, its final zero included.</param>
/// <param name="Type">What is asked of the name.</param>
/// <param name="HasEdns">The asker knows EDNS (RFC 6891) and gets an OPT record back.</param>
/// <param name="MaxUdpBytes">The largest answer the asker takes in a datagram.</param>
internal readonly record struct DnsQuery(int NameBytes, DnsType Type, bool HasEdns, int MaxUdpBytes)
{
    private const int LeastUdpBytes = 512;

    /// <summary>What passes everywhere without fragments, whatever the asker says it can take.</summary>
    public const int MostUdpBytes = 1232;

    /// <summary>Where header and question end. 0 for a query of which not even the question could be read.</summary>
    public int QuestionEnd => NameBytes == 0 ? 0 : DnsHeader.Bytes + NameBytes + 4;

    /// <summary>Reads a query. The cost grows with the message's length alone; nothing is allocated.</summary>
    /// <returns>NoError where the query can be answered; else the code to answer with, or null to say nothing at all.</returns>
    public static DnsResponseCode? Parse(ReadOnlySpan<byte> message, DnsWorkspace workspace, out DnsQuery query)
    {
        query = default;
        // Too short to answer, or an answer itself: answering those lets two servers talk for ever.
        if (message.Length < DnsHeader.Bytes || (message[2] & DnsHeader.Response) != 0) return null;
        if ((message[2] & DnsHeader.OpCode) != 0) return DnsResponseCode.NotImplemented;
        if (DnsHeader.UInt16At(message, DnsHeader.Questions) != 1) return DnsResponseCode.FormatError;

        // No pointers: there is nothing before the question to point at.
        int length = workspace.ReadName(message[DnsHeader.Bytes..]);
        int end = DnsHeader.Bytes + length + 4;
        if (length == 0 || end > message.Length) return DnsResponseCode.FormatError;
        var type = (DnsType)DnsHeader.UInt16At(message, end - 4);
        query = new DnsQuery(length, type, false, LeastUdpBytes);
        DnsResponseCode code = ReadOpt(message, end, ref query);
        if (code != DnsResponseCode.NoError) return code;
        if (type is DnsType.OPT or DnsType.None) return DnsResponseCode.FormatError;
        // Transfers of the zone are nobody's business, and other classes nobody's here.
        return DnsHeader.UInt16At(message, end - 2) == DnsHeader.ClassIn && type is not (DnsType.AXFR or DnsType.IXFR) ? DnsResponseCode.NoError : DnsResponseCode.Refused;
    }

    // The OPT record may stand anywhere among the additional ones. Its options, cookies above all, and the DO bit ask for nothing that is
    // known here: they are passed over, as RFC 6891 wants it.
    private static DnsResponseCode ReadOpt(ReadOnlySpan<byte> message, int position, ref DnsQuery query)
    {
        int records = DnsHeader.UInt16At(message, DnsHeader.Answers) + DnsHeader.UInt16At(message, DnsHeader.Authorities)
            + DnsHeader.UInt16At(message, DnsHeader.Additional);
        if (records == 0) return DnsResponseCode.NoError;
        var reader = new DnsReader(message, position);
        byte version = 0;
        for (int i = 0; i < records; i++)
        {
            int owner = reader.Position;
            if (!reader.TrySkipRecord(out DnsRecordHeader record)) return DnsResponseCode.FormatError;
            if (record.Type != DnsType.OPT) continue;
            // One at most, and of the root.
            if (query.HasEdns || message[owner] != 0) return DnsResponseCode.FormatError;
            query = query with { HasEdns = true, MaxUdpBytes = Math.Clamp((int)record.Class, LeastUdpBytes, MostUdpBytes) };
            version = (byte)(record.Ttl >> 16);
        }

        return version == 0 ? DnsResponseCode.NoError : DnsResponseCode.BadVersion;
    }
}
