using Cluster.Dataplane.SocketLb;

namespace Cluster.Dataplane.Tests.SocketLb;

public sealed class SlotBlocksTests
{
    [Fact]
    public void Take_AfterMuchChurnOfOneSize_HasRoomForALargerOne()
    {
        var blocks = new SlotBlocks(0, 1024);
        for (var i = 0; i < 1000; i++) blocks.Return(blocks.Take(16), 16);
        Assert.InRange(blocks.Take(32), 0, 1024 - 32);
        Assert.InRange(blocks.Take(256), 0, 1024 - 256);
    }

    [Fact]
    public void Take_LargerThanAnyFreeOne_JoinsThoseSideBySide()
    {
        var blocks = new SlotBlocks(2, 64);
        var taken = Enumerable.Range(0, 15).Select(_ => blocks.Take(4)).ToList();
        Assert.Equal(-1, blocks.Take(4));
        // One in the middle stays.
        foreach (var block in taken.Where(block => block != 30)) blocks.Return(block, 4);
        var first = blocks.Take(16);
        Assert.InRange(first, 2, 14);
        var second = blocks.Take(16);
        Assert.InRange(second, 34, 48);
        Assert.Equal(-1, blocks.Take(32));
    }

    [Fact]
    public void Take_JustReturned_IsNotGivenOutAtOnce()
    {
        var blocks = new SlotBlocks(0, 1024);
        var block = blocks.Take(4);
        blocks.Return(block, 4);
        Assert.NotEqual(block, blocks.Take(4));
    }

    [Fact]
    public void TakeAndReturn_AtRandom_NeverGivesOutWhatIsInUse()
    {
        var random = new Random(7);
        var blocks = new SlotBlocks(2, 4096);
        var inUse = new List<(int Block, int Slots)>();
        var owner = new int[4096];
        for (var i = 1; i < 20_000; i++)
        {
            if (inUse.Count > 0 && random.Next(100) < 50)
            {
                var at = random.Next(inUse.Count);
                var (block, slots) = inUse[at];
                inUse.RemoveAt(at);
                owner.AsSpan(block, slots).Clear();
                blocks.Return(block, slots);
                continue;
            }

            var wanted = 1 << random.Next(9);
            var taken = blocks.Take(wanted);
            if (taken < 0) continue;
            Assert.True(taken >= 2 && !owner.AsSpan(taken, wanted).ContainsAnyExcept(0), $"{wanted} slots at {taken}");
            owner.AsSpan(taken, wanted).Fill(i);
            inUse.Add((taken, wanted));
        }

        // All of it comes together again.
        foreach (var (block, slots) in inUse) blocks.Return(block, slots);
        Assert.Equal(2, blocks.Take(2048));
    }
}
