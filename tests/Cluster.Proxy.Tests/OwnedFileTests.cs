using Cluster.Testing;

namespace Cluster.Proxy.Tests;

public sealed class OwnedFileTests
{
    [Fact]
    public void Record_Lines_AreKeptOnceAndAcrossProcesses()
    {
        using var folder = new TempDirectory();
        var path = Path.Combine(folder.Path, "owned");
        File.WriteAllText(path, "network cluster\n");
        new OwnedFile(path).Record("route 10.96.0.0/16");
        new OwnedFile(path).Record("route 10.96.0.0/16");
        Assert.Equal(["network cluster", "route 10.96.0.0/16"], File.ReadAllLines(path));
    }
}
