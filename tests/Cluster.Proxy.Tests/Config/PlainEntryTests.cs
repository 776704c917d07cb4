using System.Text;
using Cluster.Proxy.Config;

namespace Cluster.Proxy.Tests.Config;

public sealed class PlainEntryTests
{
    private const string Web = "  - name: web\n    listen: 127.0.0.1:8080\n    path: loop\n    backends: [10.0.0.1:80, {address: \"[fd00::1]:80\", weight: 3}, '10.0.0.2:80']\n";

    private static readonly string[] Entries =
    [
        Web,
        Web.TrimEnd(),
        "- name: a\n  backends: []\n",
        "- name: web-1.shop\n  health: {type: http, path: /ready, interval: 5}\n  # Behind it.\n\n",
        "-  name: a\n   b: c\n",
        "- name: web\n  backends:\n  - 10.0.0.1:80\n  # One more.\n  - {address: 10.0.0.2:80, weight: 2}\n  policy: maglev\n",
        "- name: web\n  backends:\n      - 10.0.0.1:80\n\n      - '[fd00::2]:80'\n  policy: maglev\n",
        "- name: web\n  backends:\n    - [a, [b, c]]\n    - d\n",
    ];

    [Fact]
    public void TryRead_PlainEntries_AreTaken()
    {
        var plain = Entries.Where(entry => PlainEntry.TryRead(Encoding.UTF8.GetBytes(entry)) is not null).ToList();
        Assert.Equal(Entries.Where(entry => !entry.StartsWith("-  ", StringComparison.Ordinal)), plain);
        foreach (var entry in plain) AssertAlike(entry);
    }

    [Theory]
    [InlineData("- name: a # why\n")]
    [InlineData("- name: a b\n")]
    [InlineData("- name: &x a\n")]
    [InlineData("- name: a \n")]
    [InlineData("- name: a\r\n")]
    [InlineData("- name: a\n   b: c\n")]
    [InlineData("- name: a\n b: c\n")]
    [InlineData("- name: a\n\tb: c\n")]
    [InlineData("- name: \"a\\n\"\n")]
    [InlineData("- name: 'it''s'\n")]
    [InlineData("- name:\n  b: c\n")]
    [InlineData("- name:\n")]
    [InlineData("- name: [a,]\n")]
    [InlineData("- name: [a b: c]\n")]
    [InlineData("- name: [a, b\n")]
    [InlineData("- name: [a\n    , b]\n")]
    [InlineData("- name: a:\n")]
    [InlineData("- name: -a\n")]
    [InlineData("- name: |\n    a\n")]
    [InlineData("- {name: a}\n")]
    [InlineData("- a\n")]
    [InlineData("-\n  name: a\n")]
    [InlineData("- name: \u00fc\n")]
    [InlineData("- name: a\n  # \u00fc\n")]
    [InlineData("- name: a\n  list:\n  - b: c\n")]
    [InlineData("- name: a\n  list:\n    - b\n   - c\n")]
    [InlineData("- name: a\n  list:\n    - b\n    c: d\n")]
    [InlineData("")]
    public void TryRead_AnythingElse_IsLeftToTheParser(string entry) => Assert.Null(PlainEntry.TryRead(Encoding.UTF8.GetBytes(entry)));

    [Fact]
    public void TryRead_ChangedAtRandom_IsWhatTheParserSays()
    {
        // Fixed, so that a failure comes again.
        var random = new Random(20261);
        string[] pieces = ["\n", " ", "  ", "- ", "\"", "'", "[", "]", "{", "}", ":", ": ", ", ", ",", " #", "#", "|\n", "&a ", "*a", "\t", "---\n", "\r", "/", ".", "x", "0", "%", "?", "? ", "!", "\u00fc", "    - b\n", "  name: x\n"];
        var taken = 0;
        for (var i = 0; i < 6000; i++)
        {
            var text = new StringBuilder(Entries[random.Next(Entries.Length)]);
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                var at = random.Next(text.Length + 1);
                if (random.Next(3) == 0) text.Remove(at, Math.Min(random.Next(1, 6), text.Length - at));
                else text.Insert(at, pieces[random.Next(pieces.Length)]);
            }

            if (AssertAlike(text.ToString())) taken++;
        }

        Assert.InRange(taken, 300, 5000);
    }

    // Whether it was taken.
    private static bool AssertAlike(string entry)
    {
        if (PlainEntry.TryRead(Encoding.UTF8.GetBytes(entry)) is not { } plain) return false;
        var parsed = ConfigNode.Read(new StringReader(entry));
        Assert.True(parsed.Items is [var item] && Text(item) == Text(plain), $"{Text(plain)} of\n{entry}");
        return true;
    }

    // All there is of it.
    private static string Text(ConfigNode node) => node switch
    {
        { Items: { } items } => $"{node.Line}[{string.Join(',', items.Select(Text))}]",
        { Fields: { } fields } => $"{node.Line}{{{string.Join(',', fields.Select(field => $"{Text(field.Key)}:{Text(field.Value)}"))}}}",
        _ => $"{node.Line}\"{node.Scalar}\"",
    };
}
