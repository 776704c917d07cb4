using System.Text;
using Cluster.Kubelet.Volumes;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Volumes;

public sealed class AtomicWriterTests : IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    private readonly TempDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Write_OfNewFiles_ShowsThemThroughTheDataLink()
    {
        Assert.True(Write(("a", "1"), ("sub/b", "2")));

        Assert.Equal("1", Read("a"));
        Assert.Equal("2", Read("sub/b"));
        Assert.Equal("..data/a", new FileInfo(directory.File("a")).LinkTarget);
        Assert.Equal("..data/sub", new FileInfo(directory.File("sub")).LinkTarget);
        Assert.Equal(Mode, File.GetUnixFileMode(directory.File("a")));
    }

    [Fact]
    public void Write_OfTheSame_ChangesNothing()
    {
        Write(("a", "1"));
        var target = new FileInfo(directory.File("..data")).LinkTarget;

        Assert.False(Write(("a", "1")));

        Assert.Equal(target, new FileInfo(directory.File("..data")).LinkTarget);
    }

    [Fact]
    public void Write_OfOtherFiles_SwapsAllAndRemovesTheOld()
    {
        Write(("a", "1"), ("b", "1"));

        Assert.True(Write(("a", "2"), ("c", "3")));

        Assert.Equal("2", Read("a"));
        Assert.Equal("3", Read("c"));
        Assert.Equal(["..data", "a", "c"], Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName).Where(name => !name!.StartsWith("..2", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Single(Directory.EnumerateDirectories(directory.Path, "..2*"));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a/../../x")]
    [InlineData("..x")]
    [InlineData("")]
    public void Write_OfAPathOutside_IsRefused(string path) => Assert.Throws<ArgumentException>(() => Write((path, "1")));

    private bool Write(params (string Path, string Content)[] files) => AtomicWriter.Write(
        directory.Path, files.ToDictionary(file => file.Path, file => new VolumeFile(Encoding.UTF8.GetBytes(file.Content), Mode)), TimeProvider.System);

    private string Read(string name) => File.ReadAllText(directory.File(name));
}
