namespace Cluster.Dataplane.Dns;

/// <summary>The addresses that labels of pod names stand for: dots and colons become dashes. Allocates nothing.</summary>
internal static class PodNames
{
    private const int GroupsV6 = 8;

    /// <summary>The bytes of the address; 0 where the label stands for none.</summary>
    /// <param name="label">The label, in lower case.</param>
    /// <param name="address">Room for 16 bytes.</param>
    public static int Parse(ReadOnlySpan<byte> label, Span<byte> address) => TryParseV4(label, address) ? 4 : TryParseV6(label, address) ? 16 : 0;

    private static bool TryParseV4(ReadOnlySpan<byte> label, Span<byte> address)
    {
        for (int i = 0; i < 4; i++)
        {
            int end = i < 3 ? label.IndexOf((byte)'-') : label.Length;
            if (end is < 1 or > 3 || (label[0] == '0' && end > 1)) return false;
            int value = 0;
            foreach (byte digit in label[..end])
            {
                if (digit is < (byte)'0' or > (byte)'9') return false;
                value = (value * 10) + digit - '0';
            }

            if (value > byte.MaxValue) return false;
            address[i] = (byte)value;
            label = label[Math.Min(end + 1, label.Length)..];
        }

        return true;
    }

    // Groups before the double dash stand at the front, those behind it at the end.
    private static bool TryParseV6(ReadOnlySpan<byte> label, Span<byte> address)
    {
        Span<byte> back = stackalloc byte[16];
        back.Clear();
        int gap = label.IndexOf("--"u8);
        if (gap < 0) return TryParseGroups(label, address, out int all) && all == GroupsV6;
        address[..16].Clear();
        if (!TryParseGroups(label[..gap], address, out int before) || !TryParseGroups(label[(gap + 2)..], back, out int behind)) return false;
        if (before + behind >= GroupsV6) return false;
        back[..(behind * 2)].CopyTo(address[((GroupsV6 - behind) * 2)..]);
        return true;
    }

    private static bool TryParseGroups(ReadOnlySpan<byte> text, Span<byte> address, out int groups)
    {
        groups = 0;
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'-');
            ReadOnlySpan<byte> group = end < 0 ? text : text[..end];
            if (groups == GroupsV6 || group.Length is 0 or > 4 || !TryParseHex(group, out int value)) return false;
            DnsHeader.SetUInt16(address, groups++ * 2, value);
            if (end < 0) return true;
            text = text[(end + 1)..];
            if (text.IsEmpty) return false;
        }

        return true;
    }

    private static bool TryParseHex(ReadOnlySpan<byte> digits, out int value)
    {
        value = 0;
        foreach (byte digit in digits)
        {
            int nibble = digit switch { >= (byte)'0' and <= (byte)'9' => digit - '0', >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10, _ => -1 };
            if (nibble < 0) return false;
            value = (value << 4) | nibble;
        }

        return true;
    }
}
