using System.Text;
using CsCheck;

namespace Cluster.Fuzz.Tests.Generating;

/// <summary>What bad wires, bad editors and bad people do to bytes.</summary>
internal static class Damage
{
    private static readonly Gen<(int Kind, int At, int Length, byte Value)> Blow =
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 1_000_000], Gen.Int[1, 16], Gen.Byte);

    /// <summary>Half of the inputs as they are, the others with up to six blows.</summary>
    public static Gen<byte[]> Of(Gen<byte[]> inputs) => Gen.Select(inputs, Gen.Frequency((1, Gen.Const(Array.Empty<(int, int, int, byte)>())), (1, Blow.Array[1, 6])), Strike);

    public static Gen<byte[]> Of(Gen<string> texts) => Of(texts.Select(Bytes));

    // What can't be said in UTF-8 becomes what a careless writer makes of it.
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Strike(byte[] input, (int Kind, int At, int Length, byte Value)[] blows)
    {
        var bytes = input.ToList();
        foreach (var (kind, place, much, value) in blows)
        {
            if (bytes.Count == 0)
                break;
            var at = place % bytes.Count;
            var length = Math.Min(much, bytes.Count - at);
            switch (kind)
            {
                case 0:
                    bytes[at] = value;
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes[at] = (byte)"{}[]\",:\\0-9nt&*!|>%@`#'$\n\t \r"[value % 28];
                    break;
                case 4:
                    bytes[at] ^= (byte)(1 << (value % 8));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }
}
