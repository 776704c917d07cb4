using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.Tests.Linux.Bpf;

public sealed class BpfMapTests
{
    private static readonly BpfMapOptions Hash = new("test_hash", BpfMapType.Hash, 5000);

    public BpfMapTests() => Assert.SkipUnless(BpfSupport.CanRun, BpfSupport.WhyNot);

    [Theory]
    [InlineData(BpfMapType.Hash, true)]
    [InlineData(BpfMapType.Hash, false)]
    [InlineData(BpfMapType.LruHash, false)]
    internal void Hash_SetGetRemove(BpfMapType type, bool lazy)
    {
        using var map = BpfMap<ulong, uint>.Create(new BpfMapOptions("test_hash", type, 100) { Lazy = lazy });
        Assert.False(map.TryGet(7, out _));
        map.Set(7, 70);
        map.Set(8, 80);
        map.Set(7, 71);
        Assert.True(map.TryGet(7, out var value));
        Assert.Equal(71u, value);
        Assert.Equal([(7ul, 71u), (8ul, 80u)], map.ReadAll().Select(pair => (pair.Key, pair.Value)).Order());
        Assert.True(map.Remove(7));
        Assert.False(map.Remove(7));
        Assert.False(map.TryGet(7, out _));
    }

    [Fact]
    public void Hash_Full_SaysSo()
    {
        using var map = BpfMap<uint, uint>.Create(new BpfMapOptions("test_full", BpfMapType.Hash, 2));
        map.Set(1, 1);
        map.Set(2, 2);
        var refused = Assert.Throws<BpfException>(() => map.Set(3, 3));
        Assert.Contains("BPF_MAP_UPDATE_ELEM", refused.Message, StringComparison.Ordinal);
        Assert.Equal(7, refused.NativeErrorCode);
    }

    [Fact]
    public void ReadAll_ThousandsOfElements_HasAll()
    {
        using var map = BpfMap<uint, ulong>.Create(Hash);
        var keys = Enumerable.Range(0, 5000).Select(number => (uint)number).ToArray();
        foreach (var key in keys) map.Set(key, (ulong)key * 3);
        Assert.Equal(keys.Select(key => (key, (ulong)key * 3)), map.ReadAll().Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public void SingleElements_AllocateNothing()
    {
        using var map = BpfMap<uint, ulong>.Create(Hash);
        Assert.Equal(0, Allocations.During(() =>
        {
            map.Set(1, 2);
            map.TryGet(1, out _);
            map.Remove(1);
        }));
    }

    [Fact]
    public void Pin_OpenedAgain_HasItsElements_OtherSizesAreNotTaken()
    {
        using var folder = new BpfFolder();
        using (var map = BpfMap<uint, ulong>.Create(Hash))
        {
            map.Set(1, 2);
            map.Pin(folder.At("map"));
        }

        using var again = BpfMap<uint, ulong>.Open(folder.At("map"), Hash)!;
        Assert.True(again.TryGet(1, out var value));
        Assert.Equal(2ul, value);
        Assert.Null(BpfMap<uint, ulong>.Open(folder.At("map"), Hash with { Entries = 10 }));
        Assert.Null(BpfMap<uint, uint>.Open(folder.At("map"), Hash));
        Assert.Null(BpfMap<uint, ulong>.Open(folder.At("none"), Hash));
        File.Delete(folder.At("map"));
        Assert.Null(BpfMap<uint, ulong>.Open(folder.At("map"), Hash));
    }

    [Fact]
    public void Pin_OutsideOfABpfFileSystem_SaysSo()
    {
        using var map = BpfMap<uint, ulong>.Create(Hash);
        var refused = Assert.Throws<BpfException>(() => map.Pin(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString())));
        Assert.Contains("BPF_OBJ_PIN", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Array_IsMemory_SharedWithAnotherHolder()
    {
        using var folder = new BpfFolder();
        using var array = BpfArray<(ulong A, ulong B)>.Create("test_array", 1000);
        array.Pin(folder.At("array"));
        using var other = BpfArray<(ulong A, ulong B)>.Open(folder.At("array"), 1000)!;
        array[999].B = 5;
        Assert.Equal(5ul, other[999].B);
        Assert.Equal(0ul, other[0].A);
        Assert.Throws<ArgumentOutOfRangeException>(() => array[1000]);
        Assert.Null(BpfArray<ulong>.Open(folder.At("array"), 1000));
    }

    [Fact]
    public void Array_OfManyElements_IsMappedWhereItIsUsed()
    {
        const int Length = 2 * BpfArray<ulong>.PartLength + 1000;
        using var folder = new BpfFolder();
        using var array = BpfArray<(ulong A, ulong B, ulong C)>.Create("test_parts", Length);
        array.Pin(folder.At("parts"));
        using var other = BpfArray<(ulong A, ulong B, ulong C)>.Open(folder.At("parts"), Length)!;

        array[0].A = 1;
        array[Length - 1].C = 2;
        Assert.Equal(2, array.MappedParts);
        for (var i = 0; i < Length; i++) Assert.Equal((i == 0 ? 1ul : 0, 0ul, i == Length - 1 ? 2ul : 0), other[i]);

        for (var i = 0; i < Length; i++) other[i].B = (ulong)i;
        for (var i = 0; i < Length; i++) Assert.Equal((ulong)i, array[i].B);
        Assert.Equal(3, other.MappedParts);
        Assert.Throws<ArgumentOutOfRangeException>(() => array[Length]);
    }

    [Fact]
    public void SocketStorage_CanBeMade()
    {
        using var map = BpfMap<int, (ulong, ulong, ulong)>.CreateSocketStorage("test_sockets");
        Assert.NotEqual(0u, map.Id);
    }

    [Fact]
    public void FileSystem_IsMountedOnceAndGone()
    {
        string path;
        using (var folder = new BpfFolder())
        {
            path = folder.Path;
            Assert.True(BpfFileSystem.IsMounted(path));
            BpfFileSystem.Ensure(path, () => Assert.Fail("it is mounted already"));
        }

        Assert.DoesNotContain(path, File.ReadAllText("/proc/self/mounts"));
        BpfFileSystem.Remove(path);
    }
}
