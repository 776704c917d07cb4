using System.Buffers.Binary;
using System.Text;

namespace Cluster.Dataplane.Dns;

/// <summary>Writes the answer to a query; what does not fit is left out and the answer marked as truncated.</summary>
internal ref struct DnsWriter
{
    private const ushort PointerToQuestion = 0xC000 | DnsReader.HeaderBytes;
    private const int OptBytes = 11;
    private const int OurUdpBytes = 1232;

    private readonly Span<byte> _buffer;
    private readonly string _questionName;
    private int _length;

    private DnsWriter(Span<byte> buffer, string questionName, int length)
    {
        _buffer = buffer;
        _questionName = questionName;
        _length = length;
    }

    /// <summary>An answer of the cluster's own zone.</summary>
    /// <returns>The bytes written to <paramref name="buffer"/>, at most <paramref name="limit"/>.</returns>
    public static int Write(Span<byte> buffer, int limit, ReadOnlySpan<byte> message, in DnsQuery query, DnsAnswer answer)
    {
        var start = DnsReader.HeaderBytes + query.QuestionBytes;
        message[..start].CopyTo(buffer);
        Header(buffer, message, answer.Code, authoritative: true);
        var writer = new DnsWriter(buffer[..(limit - (query.HasEdns ? OptBytes : 0))], query.Question.Name, start);
        var answers = writer.WriteAll(answer.Records);
        var truncated = answers < answer.Records.Count;
        var authorities = !truncated && answer.Authority is { } authority && writer.TryWrite(authority) ? 1 : 0;
        var additional = truncated ? 0 : writer.WriteAll(answer.Additional);
        var length = writer._length;
        if (query.HasEdns) length = WriteOpt(buffer, length);
        if (truncated) buffer[2] |= 0x02;
        BinaryPrimitives.WriteUInt16BigEndian(buffer[4..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[6..], (ushort)answers);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[8..], (ushort)authorities);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[10..], (ushort)(additional + (query.HasEdns ? 1 : 0)));
        return length;
    }

    /// <summary>An answer that is a code alone: to what could not be read, or could not be found out.</summary>
    public static int WriteCode(Span<byte> buffer, ReadOnlySpan<byte> message, DnsResponseCode code, int questionBytes = 0)
    {
        var length = DnsReader.HeaderBytes + questionBytes;
        message[..length].CopyTo(buffer);
        Header(buffer, message, code, authoritative: false);
        buffer[4..DnsReader.HeaderBytes].Clear();
        if (questionBytes > 0) BinaryPrimitives.WriteUInt16BigEndian(buffer[4..], 1);
        return length;
    }

    /// <summary>A question of our own to another server.</summary>
    public static int WriteQuestion(Span<byte> buffer, ushort id, DnsQuestion question)
    {
        buffer[..DnsReader.HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(buffer, id);
        buffer[2] = 0x01;
        BinaryPrimitives.WriteUInt16BigEndian(buffer[4..], 1);
        var writer = new DnsWriter(buffer, "", DnsReader.HeaderBytes);
        writer.WriteName(question.Name);
        writer.WriteUInt16((ushort)question.Type);
        writer.WriteUInt16(1);
        return writer._length;
    }

    // Response, opcode and recursion desired as asked, recursion available.
    private static void Header(Span<byte> buffer, ReadOnlySpan<byte> message, DnsResponseCode code, bool authoritative)
    {
        buffer[2] = (byte)(0x80 | (message[2] & 0x79) | (authoritative ? 0x04 : 0));
        buffer[3] = (byte)(0x80 | (byte)code);
    }

    private static int WriteOpt(Span<byte> buffer, int length)
    {
        var opt = buffer.Slice(length, OptBytes);
        opt.Clear();
        opt[2] = (byte)DnsType.OPT;
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], OurUdpBytes);
        return length + OptBytes;
    }

    private int WriteAll(IReadOnlyList<DnsRecord> records)
    {
        var written = 0;
        while (written < records.Count && TryWrite(records[written])) written++;
        return written;
    }

    private bool TryWrite(DnsRecord record)
    {
        var start = _length;
        try
        {
            WriteOwner(record.Name);
            WriteUInt16((ushort)record.Type);
            WriteUInt16(1);
            WriteUInt32((uint)record.TtlSeconds);
            var size = _length;
            WriteUInt16(0);
            WriteData(record);
            BinaryPrimitives.WriteUInt16BigEndian(_buffer[size..], (ushort)(_length - size - 2));
            return true;
        }
        catch (ArgumentException)
        {
            // The end of the buffer, which spans report so: the record does not fit.
            _length = start;
            return false;
        }
    }

    private void WriteData(DnsRecord record)
    {
        switch (record)
        {
            case AddressRecord address:
                address.Address.TryWriteBytes(_buffer[_length..], out var written);
                if (written == 0) throw new ArgumentException("no room");
                _length += written;
                break;
            case NameRecord name:
                WriteName(name.Target);
                break;
            case ServerRecord server:
                WriteUInt16((ushort)server.Priority);
                WriteUInt16((ushort)server.Weight);
                WriteUInt16((ushort)server.Port);
                WriteName(server.Target);
                break;
            case TextRecord text:
                WriteLabel(text.Text);
                break;
            case AuthorityRecord authority:
                WriteName(authority.Server);
                WriteName(authority.Mailbox);
                WriteUInt32(authority.Serial);
                // Refresh, retry and expire are for secondaries, of which there are none; the last is the negative TTL.
                WriteUInt32(7200);
                WriteUInt32(1800);
                WriteUInt32(86400);
                WriteUInt32((uint)authority.TtlSeconds);
                break;
        }
    }

    private void WriteOwner(string name)
    {
        if (name == _questionName) WriteUInt16(PointerToQuestion);
        else WriteName(name);
    }

    private void WriteName(string name)
    {
        if (name.Length > 0)
            foreach (var label in name.Split('.')) WriteLabel(label);
        WriteByte(0);
    }

    private void WriteLabel(string label)
    {
        WriteByte((byte)label.Length);
        _length += Encoding.Latin1.GetBytes(label, _buffer[_length..]);
    }

    private void WriteByte(byte value)
    {
        if (_length >= _buffer.Length) throw new ArgumentException("no room");
        _buffer[_length++] = value;
    }

    private void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[_length..], value);
        _length += 2;
    }

    private void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[_length..], value);
        _length += 4;
    }
}
