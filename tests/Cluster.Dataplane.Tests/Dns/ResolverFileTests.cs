using Cluster.Dataplane.Dns;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class ResolverFileTests
{
    [Fact]
    public void Parse_Lines_TakesServersOnly()
    {
        string[] lines = ["# a comment", "search example.com", "nameserver 192.0.2.1", "  nameserver\t2001:db8::1  # second", "nameserver nonsense", "nameserver"];
        Assert.Equal(["192.0.2.1:53", "[2001:db8::1]:53"], ResolverFile.Parse(lines).Servers.Select(server => server.ToString()));
    }

    [Fact]
    public void Servers_FileChangesOrGoes_FollowsOrKeeps()
    {
        using var folder = new TempDirectory();
        var path = Path.Combine(folder.Path, "resolv.conf");
        var time = new FakeTimeProvider();
        File.WriteAllText(path, "nameserver 192.0.2.1\n");
        var file = new ResolverFile(path, time);
        Assert.Equal("192.0.2.1:53", Assert.Single(file.Servers).ToString());

        File.WriteAllText(path, "nameserver 192.0.2.2\n");
        File.SetLastWriteTimeUtc(path, new DateTime(2031, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("192.0.2.2:53", Assert.Single(file.Servers).ToString());

        File.Delete(path);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("192.0.2.2:53", Assert.Single(file.Servers).ToString());
    }

    [Fact]
    public void Servers_LinkLeadsElsewhere_FollowsThoughBothFilesAreAsOld()
    {
        using var folder = new TempDirectory();
        var path = folder.File("resolv.conf");
        var time = new FakeTimeProvider();
        foreach (var name in (string[])["1", "2"])
        {
            File.WriteAllText(folder.File(name), $"nameserver 192.0.2.{name}\n");
            File.SetLastWriteTimeUtc(folder.File(name), new DateTime(2031, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        File.CreateSymbolicLink(path, folder.File("1"));
        var file = new ResolverFile(path, time);
        Assert.Equal("192.0.2.1:53", Assert.Single(file.Servers).ToString());
        File.Delete(path);
        File.CreateSymbolicLink(path, folder.File("2"));
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("192.0.2.2:53", Assert.Single(file.Servers).ToString());
    }

    [Fact]
    public void Servers_FolderInPlaceOfTheFile_AreNone()
    {
        using var folder = new TempDirectory();
        Assert.Empty(new ResolverFile(folder.Path, new FakeTimeProvider()).Servers);
    }
}
