namespace Cluster.Api.Selectors;

/// <summary>What a piece of a label selector's text is.</summary>
internal enum LabelToken
{
    /// <summary>A run of special characters that is no operator.</summary>
    Error,
    End,
    Identifier,
    Open,
    Close,
    Comma,
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    In,
    NotIn,
}

/// <summary>Cuts a label selector's text into tokens. White space only separates.</summary>
internal static class LabelSelectorLexer
{
    private const string Special = "=!(),><";

    /// <summary>All tokens, the last one <see cref="LabelToken.End"/>.</summary>
    public static List<(LabelToken Token, string Text)> Tokens(string text)
    {
        var tokens = new List<(LabelToken, string)>();
        var at = 0;
        while (SkipWhiteSpace(text, ref at))
        {
            tokens.Add(IsSpecial(text[at]) ? Operator(text, ref at) : Word(text, ref at));
        }
        tokens.Add((LabelToken.End, ""));
        return tokens;
    }

    private static bool SkipWhiteSpace(string text, ref int at)
    {
        while (at < text.Length && IsWhiteSpace(text[at]))
        {
            at++;
        }
        return at < text.Length;
    }

    private static (LabelToken, string) Word(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && !IsSpecial(text[at]) && !IsWhiteSpace(text[at]))
        {
            at++;
        }
        var word = text[start..at];
        return (Known(word) ?? LabelToken.Identifier, word);
    }

    /// <summary>The longest operator that starts here.</summary>
    private static (LabelToken, string) Operator(string text, ref int at)
    {
        var start = at;
        var length = at + 1 < text.Length && Known(text.Substring(at, 2)) is not null ? 2 : 1;
        at += length;
        var symbol = text.Substring(start, length);
        return Known(symbol) is { } token ? (token, symbol) : (LabelToken.Error, $"error expected: keyword found '{symbol}'");
    }

    private static LabelToken? Known(string text) => text switch
    {
        "(" => LabelToken.Open,
        ")" => LabelToken.Close,
        "," => LabelToken.Comma,
        "!" => LabelToken.Not,
        "=" => LabelToken.Equals,
        "==" => LabelToken.DoubleEquals,
        "!=" => LabelToken.NotEquals,
        ">" => LabelToken.Greater,
        "<" => LabelToken.Less,
        "in" => LabelToken.In,
        "notin" => LabelToken.NotIn,
        _ => null,
    };

    private static bool IsSpecial(char c) => Special.Contains(c, StringComparison.Ordinal);

    private static bool IsWhiteSpace(char c) => c is ' ' or '\t' or '\r' or '\n';
}
