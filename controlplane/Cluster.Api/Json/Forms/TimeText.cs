using System.Globalization;

namespace Cluster.Api.Json.Forms;

/// <summary>RFC 3339 times as Go reads, writes and refuses them.</summary>
internal static class TimeText
{
    private const string SecondsLayout = "2006-01-02T15:04:05Z07:00";
    private const string MicrosecondsLayout = "2006-01-02T15:04:05.000000Z07:00";

    /// <param name="microseconds">Six digits of fraction, or -1 for none.</param>
    public static void Write(ref JsonOutput output, long seconds, int microseconds)
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(Clamp(seconds)).UtcDateTime;
        Span<byte> text = stackalloc byte[29];
        text[0] = (byte)'"';
        time.TryFormat(text[1..], out var length, "yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        length++;
        if (microseconds >= 0)
        {
            text[length++] = (byte)'.';
            microseconds.TryFormat(text[length..], out var digits, "D6", CultureInfo.InvariantCulture);
            length += digits;
        }

        text[length++] = (byte)'Z';
        text[length++] = (byte)'"';
        output.Value(text[..length]);
    }

    /// <exception cref="JsonDecodeException">The text is no such time.</exception>
    public static (long Seconds, int Nanos) Parse(string text, bool wantsMicroseconds)
    {
        var scanner = new Scanner(text, wantsMicroseconds ? MicrosecondsLayout : SecondsLayout);
        var year = scanner.Digits(4, "2006");
        scanner.Literal('-');
        var month = scanner.Digits(2, "01", 1, 12, "month");
        scanner.Literal('-');
        var day = scanner.Digits(2, "02");
        scanner.Literal('T');
        var hour = scanner.Digits(2, "15", 0, 23, "hour", mayBeShort: true);
        scanner.Literal(':');
        var minute = scanner.Digits(2, "04", 0, 59, "minute");
        scanner.Literal(':');
        var second = scanner.Digits(2, "05", 0, 59, "second");
        var nanos = wantsMicroseconds ? scanner.Microseconds() : scanner.OptionalFraction();
        var offset = scanner.Offset();
        scanner.End();
        if (day < 1 || year < 1 || day > DateTime.DaysInMonth(year, month))
            throw scanner.Failure(": day out of range");
        var local = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc);
        return (new DateTimeOffset(local).ToUnixTimeSeconds() - (offset * 60L), nanos);
    }

    // Years beyond 9999 come from damaged bytes alone; a list must still be written.
    private static long Clamp(long seconds) =>
        Math.Clamp(seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());

    private ref struct Scanner(string text, string layout)
    {
        private int at;

        private readonly ReadOnlySpan<char> Rest => text.AsSpan(at);

        public readonly JsonDecodeException Failure(string why) => new($"parsing time {GoText.Quote(text)}{why}");

        public int Digits(int count, string element, int least = 0, int most = int.MaxValue, string name = "", bool mayBeShort = false)
        {
            var length = 0;
            while (length < count && length < Rest.Length && char.IsAsciiDigit(Rest[length]))
                length++;
            if (length < count && !(mayBeShort && length > 0))
                throw CannotParse(element);
            var value = int.Parse(Rest[..length], NumberStyles.None, CultureInfo.InvariantCulture);
            at += length;
            return value >= least && value <= most ? value : throw Failure($": {name} out of range");
        }

        public void Literal(char expected)
        {
            if (Rest.IsEmpty || Rest[0] != expected)
                throw CannotParse(expected.ToString());
            at++;
        }

        public int Microseconds()
        {
            if (Rest.Length < 7 || Rest[0] is not ('.' or ',') || Rest[1..7].ContainsAnyExceptInRange('0', '9'))
                throw CannotParse(".000000");
            var value = int.Parse(Rest[1..7], NumberStyles.None, CultureInfo.InvariantCulture);
            at += 7;
            return value * 1000;
        }

        public int OptionalFraction()
        {
            if (Rest.Length < 2 || Rest[0] is not ('.' or ',') || !char.IsAsciiDigit(Rest[1]))
                return 0;
            at++;
            var (value, scale) = (0, 100_000_000);
            for (; !Rest.IsEmpty && char.IsAsciiDigit(Rest[0]); at++, scale /= 10)
                value += (Rest[0] - '0') * scale;
            return value;
        }

        /// <summary>Minutes east of UTC.</summary>
        public int Offset()
        {
            if (!Rest.IsEmpty && Rest[0] == 'Z')
            {
                at++;
                return 0;
            }

            var zone = Rest;
            if (zone.Length < 6 || zone[0] is not ('+' or '-') || zone[3] != ':')
                throw CannotParse("Z07:00");
            if (!int.TryParse(zone[1..3], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
                || !int.TryParse(zone[4..6], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes))
                throw CannotParse("Z07:00");
            if (hours > 24)
                throw Failure(": time zone offset hour out of range");
            if (minutes > 60)
                throw Failure(": time zone offset minute out of range");
            at += 6;
            return (zone[0] == '-' ? -1 : 1) * ((hours * 60) + minutes);
        }

        public readonly void End()
        {
            if (!Rest.IsEmpty)
                throw Failure($": extra text: {GoText.Quote(Rest.ToString())}");
        }

        private readonly JsonDecodeException CannotParse(string element) =>
            Failure($" as {GoText.Quote(layout)}: cannot parse {GoText.Quote(Rest.ToString())} as {GoText.Quote(element)}");
    }
}
