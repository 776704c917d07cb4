namespace Cluster.Api.Quantities;

/// <summary>Recognises canonical quantity text by its look, so that most quantities pass without being parsed.</summary>
internal static class CanonicalText
{
    /// <summary>Up to here a whole number is read exactly and no bound of the format is near.</summary>
    private const int MostDigits = 9;

    /// <summary>True for texts such as <c>100m</c>, <c>3</c> and <c>64Mi</c>; false where parsing has to tell.</summary>
    public static bool IsPlain(string text)
    {
        var digits = 0;
        var number = 0;
        while (digits < text.Length && digits <= MostDigits && char.IsAsciiDigit(text[digits]))
            number = (number * 10) + (text[digits++] - '0');
        if (digits is 0 or > MostDigits || text[0] == '0')
            return text == "0";
        return text.AsSpan(digits) switch
        {
            "" or "n" or "u" or "m" or "k" or "M" or "G" or "T" or "P" => number % 1000 != 0,
            "Ki" or "Mi" or "Gi" => number % 1024 != 0,
            _ => false,
        };
    }
}
