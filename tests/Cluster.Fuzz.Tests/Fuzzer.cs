using System.Text;
using CsCheck;

namespace Cluster.Fuzz.Tests;

/// <summary>Tries an edge with its corpus and then with made inputs for its share of the time.</summary>
internal static class Fuzzer
{
    private const int MostShown = 4_000;

    public static async Task RunAsync(Edge edge)
    {
        byte[] current = [];
        Task Try(byte[] input) => TryAsync(edge, current = input);
        var sample = Task.Run(async () =>
        {
            if (FuzzLimits.Input is { } path)
            {
                await Try(await File.ReadAllBytesAsync(path));
                return;
            }

            await ReplayAsync(edge, Try);
            await edge.Inputs.SampleAsync(Try, seed: FuzzLimits.Seed, time: FuzzLimits.Seconds, threads: 1, print: input => Show(edge, input));
        });
        // An input that never ends can't be cut off; it can be named.
        while (await Task.WhenAny(sample, Task.Delay(FuzzLimits.Hang)) != sample)
        {
            var before = current;
            if (await Task.WhenAny(sample, Task.Delay(FuzzLimits.Hang)) != sample && ReferenceEquals(before, current))
                Assert.Fail($"{edge.Name} hangs on {Show(edge, current)}");
        }

        await sample;
    }

    private static async Task ReplayAsync(Edge edge, Func<byte[], Task> tryIt)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Corpus", edge.Name);
        foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : [])
        {
            try
            {
                await tryIt(await File.ReadAllBytesAsync(file));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"{edge.Name} fails on {Path.GetFileName(file)} of its corpus", error);
            }
        }
    }

    private static async Task TryAsync(Edge edge, byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        await edge.CheckAsync(input);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(edge.MostAllocated == 0 || allocated <= edge.MostAllocated, $"{allocated >> 20} MB were allocated for an input of {input.Length} bytes");
    }

    // The input as a file, to go into the corpus once it is mended, and for the eye.
    private static string Show(Edge edge, byte[] input)
    {
        Directory.CreateDirectory(FuzzLimits.Failures);
        var file = Path.Combine(FuzzLimits.Failures, $"{edge.Name}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(file, input);
        var text = new StringBuilder();
        foreach (var one in input.AsSpan(0, Math.Min(input.Length, MostShown)))
            text.Append(one is >= 0x20 and < 0x7f or (byte)'\n' ? ((char)one).ToString() : $"\\x{one:x2}");
        return $"{input.Length} bytes, kept as {file} (CLUSTER_FUZZ_INPUT takes it):\n{text}\n";
    }
}
