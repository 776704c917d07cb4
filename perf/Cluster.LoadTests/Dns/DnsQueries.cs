using System.Runtime.InteropServices;
using System.Text;

namespace Cluster.LoadTests.Dns;

/// <summary>Queries ready to be sent, and what a right answer to each looks like. The identifier of a query is its place.</summary>
internal sealed unsafe class DnsQueries : IDisposable
{
    public const int MaxBytes = 128;

    private const int SecondOfPair = 15;
    private const ushort TypeA = 1, TypePtr = 12, TypeAaaa = 28;
    private readonly byte* _bytes;
    private readonly int[] _lengths;
    private readonly (byte Code, bool Answers)[] _expected;

    /// <param name="count">How many, at most 65,536.</param>
    /// <param name="mix">What they ask.</param>
    public DnsQueries(int count, DnsQueryMix mix)
    {
        _bytes = (byte*)NativeMemory.AllocZeroed((nuint)count, MaxBytes);
        _lengths = new int[count];
        _expected = new (byte, bool)[count];
        var random = new Random(1);
        for (int i = 0, name = 0; i < count; i++)
        {
            bool second = mix == DnsQueryMix.Pairs && (i & 1) == 1;
            if (!second) name = random.Next(DnsCandidate.Names);
            int kind = second ? SecondOfPair : mix == DnsQueryMix.Mixed ? random.Next(20) : 0;
            (string text, ushort type, byte code, bool answers) = kind switch
            {
                < 10 => (DnsNames.Name(name), TypeA, (byte)0, true),
                <= SecondOfPair => (DnsNames.Name(name), TypeAaaa, (byte)0, false),
                < 19 => ($"none-{name}.ns-1.svc.{DnsNames.Domain}", TypeA, (byte)3, false),
                _ => (DnsNames.Reverse(name), TypePtr, (byte)0, true),
            };
            _lengths[i] = Write(new Span<byte>(_bytes + (i * MaxBytes), MaxBytes), (ushort)i, text, type);
            _expected[i] = (code, answers);
        }
    }

    public int Count => _lengths.Length;

    public byte* Bytes(int index) => _bytes + (index * MaxBytes);

    public int Length(int index) => _lengths[index];

    /// <summary>The answer's code is right, and it has records where it should.</summary>
    public bool IsRight(byte* answer, int length)
    {
        if (length < 12 || (answer[2] & 0x80) == 0) return false;
        int index = (answer[0] << 8) | answer[1];
        return index < Count && (answer[3] & 0x0F) == _expected[index].Code && answer[7] > 0 == _expected[index].Answers;
    }

    public void Dispose() => NativeMemory.Free(_bytes);

    private static int Write(Span<byte> message, ushort id, string name, ushort type)
    {
        (message[0], message[1], message[2], message[5]) = ((byte)(id >> 8), (byte)id, 1, 1);
        int position = 12;
        foreach (string label in name.Split('.'))
        {
            message[position++] = (byte)label.Length;
            position += Encoding.ASCII.GetBytes(label, message[position..]);
        }

        message[position + 2] = (byte)type;
        message[position + 4] = 1;
        return position + 5;
    }
}
