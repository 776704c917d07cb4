using System.Text;
using Cluster.Proxy.Config;

namespace Cluster.Proxy.Tests.Config;

public sealed class LoadBalancerReaderTests
{
    private const string Three = """
        # The balancer of the house.
        threads: 2
        services:   # all of them

          - name: web
            listen: 127.0.0.1:8080
            # Two for now.
            backends: [10.0.0.1:80,
              10.0.0.2:80]

          - name: dns
            listen: 127.0.0.1:53
            protocol: UDP
            backends: ["10.0.0.1:53"]
          # The last.
          - {name: mail, listen: "127.0.0.1:25", backends: ['10.0.0.3:25']}
        connectTimeout: 0.5
        """;

    [Fact]
    public void Read_Again_ParsesOnlyWhatChanged()
    {
        var reader = new LoadBalancerReader();
        Assert.Equal(["web", "dns", "mail"], Names(Read(reader, Three)));
        Assert.Empty(Names(Read(reader, Three)));

        var moved = Read(reader, Three.Replace("10.0.0.1:53", "10.0.0.9:53", StringComparison.Ordinal));
        Assert.Equal(["dns"], Names(moved));
        Assert.Equal(3, moved.Count);
        Assert.Empty(moved.Gone);
        Assert.Equal("10.0.0.9:53", Assert.Single(moved.Config.Services[0].Backends).Address.ToString());

        var renamed = Read(reader, Three.Replace("name: mail", "name: post", StringComparison.Ordinal));
        Assert.Equal(["dns", "post"], Names(renamed));
        Assert.Equal(["mail"], renamed.Gone.Select(id => id.Name));

        // In another order and with one less.
        var lines = Three.Replace("name: mail", "name: post", StringComparison.Ordinal).Split('\n');
        var fewer = Read(reader, $"services:\n{string.Join('\n', lines[15..16])}\n{string.Join('\n', lines[4..10])}\n");
        Assert.Equal((2, 0), (fewer.Count, fewer.Config.Services.Count(service => service.Name == "web")));
        Assert.Equal(["dns"], fewer.Gone.Select(id => id.Name));
        Assert.Null(fewer.Config.Threads);
    }

    [Fact]
    public void Read_TheRestChanged_NoServiceIsParsedAgain()
    {
        var reader = new LoadBalancerReader();
        Read(reader, Three);
        var changed = Read(reader, Three.Replace("threads: 2", "threads: 3", StringComparison.Ordinal).Replace("0.5", "0.25", StringComparison.Ordinal));
        Assert.Empty(changed.Config.Services);
        Assert.Equal((3, TimeSpan.FromSeconds(0.25)), (changed.Config.Threads, changed.Config.ConnectTimeout));
    }

    [Theory]
    [InlineData("name: dns", "name: web", "line 11: service web is there twice", "UDP", "TCP")]
    [InlineData("127.0.0.1:25", "127.0.0.1:8080", "line 16: web listens on 127.0.0.1:8080 already")]
    [InlineData("protocol: UDP", "protocol: SCTP", "line 13: protocol is SCTP")]
    [InlineData("connectTimeout", "connectTimeuot", "line 17: unknown field connectTimeuot")]
    public void Read_Mistake_IsToldByItsLineOfTheWhole(string from, string to, string message, string also = "x", string instead = "x")
    {
        var reader = new LoadBalancerReader();
        Read(reader, Three);
        var text = Three.Replace(from, to, StringComparison.Ordinal).Replace(also, instead, StringComparison.Ordinal);
        var refused = Assert.Throws<ConfigException>(() => Read(reader, text));
        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
        Assert.Equal(Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(text)).Message, refused.Message);
        Assert.Empty(Names(Read(reader, Three)));
    }

    [Theory]
    [InlineData("services:\n- name: a\n  listen: 127.0.0.1:1\n  backends: &b [10.0.0.1:1]\n- name: c\n  listen: 127.0.0.1:2\n  backends: *b\n", 2)]
    [InlineData("services:\r\n  - name: a\r\n    listen: 127.0.0.1:1\r\n    backends: []\r\n", 1)]
    [InlineData("\uFEFFservices:\n- name: a\n  listen: 127.0.0.1:1\n  backends: []", 1)]
    [InlineData("{services: [{name: a, listen: '127.0.0.1:1', backends: []}]}", 1)]
    [InlineData("services:\n-\n  name: a\n  listen: 127.0.0.1:1\n  backends: []\n-\n  name: b\n  listen: 127.0.0.1:2\n  backends:\n  - 10.0.0.1:1\n  - 10.0.0.1:2\n", 2)]
    [InlineData("services:\n  - name: \"a\n  - name: b\"\n    listen: 127.0.0.1:1\n    backends: []\n", -1)]
    [InlineData("{threads: 1,\nservices:\n  - name: a\n    listen: 127.0.0.1:1\n    backends: []\n}", -1)]
    [InlineData("---\nservices:\n  - name: a\n    listen: 127.0.0.1:1\n    backends: []\n...\n", 1)]
    [InlineData("services:\n  - name: a\n    listen: 127.0.0.1:1\n    backends: []\n---\nservices: []\n", -1)]
    [InlineData("services:\n", -1)]
    [InlineData("", -1)]
    public void Read_AnyStyle_IsWhatTheWholeSays(string text, int services)
    {
        var reader = new LoadBalancerReader();
        Read(reader, Three);
        Assert.Equal(services, AgreesWithTheWhole(reader, text));
    }

    [Fact]
    public void Read_ChangedAtRandom_IsWhatTheWholeSays()
    {
        // Fixed, so that a failure comes again.
        var random = new Random(20260);
        var reader = new LoadBalancerReader();
        string[] pieces = ["\n", "  ", "- ", "\"", "'", "[", "]", "{", "}", ":", " #", "|\n", ">\n", "&a ", "*a", "\t", "services:\n", "---\n", "\r", ",", "\u2028", "name: x\n", "    - b\n"];
        var accepted = 0;
        for (var i = 0; i < 3000; i++)
        {
            var text = new StringBuilder(Three);
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0) text.Remove(at, Math.Min(random.Next(1, 8), text.Length - at));
                else text.Insert(at, pieces[random.Next(pieces.Length)]);
            }

            if (AgreesWithTheWhole(reader, text.ToString()) >= 0) accepted++;
        }

        Assert.InRange(accepted, 100, 2900);
    }

    // The number of services; -1 where both refuse it with the same words.
    private static int AgreesWithTheWhole(LoadBalancerReader reader, string text)
    {
        LoadBalancerConfig whole;
        try
        {
            whole = LoadBalancerFile.Parse(text.TrimStart('\uFEFF'));
        }
        catch (ConfigException refused)
        {
            var alike = Assert.Throws<ConfigException>(() => Read(reader, text));
            Assert.True(refused.Message == alike.Message, $"{refused.Message} became {alike.Message} of\n{text}");
            return -1;
        }

        var revision = Read(reader, text);
        Assert.Equal(whole with { Services = [] }, revision.Config with { Services = [] });
        Assert.Equal(whole.Services.Count, revision.Count);
        // Each that was not parsed now was so before, from the same words.
        Assert.Subset(whole.Services.ToHashSet(), revision.Config.Services.ToHashSet());
        // Whoever has read nothing before parses them all.
        Assert.Equal(whole.Services, Read(new LoadBalancerReader(), text).Config.Services);
        return whole.Services.Count;
    }

    private static LoadBalancerRevision Read(LoadBalancerReader reader, string text) => reader.Read(Encoding.UTF8.GetBytes(text));

    private static List<string> Names(LoadBalancerRevision revision) => [.. revision.Config.Services.Select(service => service.Name)];
}
