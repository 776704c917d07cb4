using System.Globalization;
using System.Runtime.InteropServices;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>What <c>./cluster build-proxy</c> makes: the native file, and the container image of it.</summary>
public sealed class NativeProxyTests
{
    private const string Image = "cluster-proxy:0.1.0";

    [Fact]
    public async Task Proxy_Native_LetsGoOfItsStartAndServesOn()
    {
        RequireNative();
        await using var servers = new NameServers(1);
        int port = Machine.FreePort();
        await using var proxy = ProxyProcess.Native(Services(servers, port));
        await Poll.UntilAsync($"the service to answer; the proxy said:\n{proxy.Log}", () => AnswersAsync(port), 20);
        HashSet<long> written = WrittenConstants(proxy.Id);

        await Poll.UntilAsync("it to hold less than at the start", async () => await MemoryAsync(proxy.Id, "VmRSS:") < await MemoryAsync(proxy.Id, "VmHWM:") * 0.9, 20);
        // What the runtime has written among its constants, such as the value that guards stack frames, is no file's to bring back.
        Assert.Subset(WrittenConstants(proxy.Id), written);
        Assert.True(await AnswersAsync(port));
        proxy.Configure(Services(servers, port, "paht"));
        await proxy.UntilLoggedAsync("unknown field paht");
        Assert.True(await AnswersAsync(port));
        Assert.Equal(0, await proxy.TerminateAsync());
    }

    [Fact]
    public async Task Image_RunWithAFile_ServesAndEndsOnSigterm()
    {
        RequireNative();
        Assert.SkipUnless(await Engine.AnswersAsync(), "no container engine answers");
        using var folder = new TempDirectory();
        await using var servers = new NameServers(1);
        int port = Machine.FreePort();
        File.Copy(Machine.NativeProxy, folder.File("cluster-proxy"));
        string architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        (await CommandResult.RunAsync("bash", [Machine.ProxyImageScript, folder.Path, architecture], TimeSpan.FromMinutes(1))).Succeeded();
        await File.WriteAllTextAsync(folder.File("lb.yaml"), Services(servers, port), TestContext.Current.CancellationToken);

        await Engine.LoadAsync(folder.File("cluster-proxy.tar"));
        try
        {
            string container = await Engine.RunAsync(Image, folder.Path, "--config", "/etc/cluster-proxy/lb.yaml");
            try
            {
                await Poll.UntilAsync("the service to answer", () => AnswersAsync(port), 20);
            }
            finally
            {
                Assert.Equal(0, await Engine.EndAsync(container));
            }
        }
        finally
        {
            await Engine.RemoveImageAsync(Image);
        }
    }

    private static void RequireNative() => Assert.SkipUnless(File.Exists(Machine.NativeProxy), "there is no native binary: ./cluster build-proxy makes it");

    private static string Services(NameServers servers, int port, string path = "path") =>
        $"services: [{{name: web, listen: '127.0.0.1:{port}', {path}: loop, backends: {servers.List}}}]\n";

    private static async Task<bool> AnswersAsync(int port) => await Traffic.TcpAsync("127.0.0.1", port) == "a";

    // Pages that are read-only and nevertheless the process's own instead of a file's (proc(5), /proc/PID/pagemap).
    private static HashSet<long> WrittenConstants(int process)
    {
        const int pageBytes = 4096;
        const ulong resident = 1ul << 63, ofFile = 1ul << 61;
        var written = new HashSet<long>();
        using FileStream pages = File.OpenRead($"/proc/{process}/pagemap");
        foreach (string line in File.ReadLines($"/proc/{process}/maps").Where(line => line.Contains(" r--p ", StringComparison.Ordinal) && line.Contains('/')))
        {
            long[] range = [.. line.Split(' ')[0].Split('-').Select(hex => long.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            byte[] entries = new byte[(range[1] - range[0]) / pageBytes * sizeof(ulong)];
            pages.Position = range[0] / pageBytes * sizeof(ulong);
            pages.ReadExactly(entries);
            for (int i = 0; i < entries.Length; i += sizeof(ulong))
                if ((BitConverter.ToUInt64(entries, i) & (resident | ofFile)) == resident) written.Add(range[0] + (i / sizeof(ulong) * pageBytes));
        }

        return written;
    }

    // In KB: VmRSS is what is resident, VmHWM the most that ever was.
    private static async Task<long> MemoryAsync(int process, string field)
    {
        string[] lines = await File.ReadAllLinesAsync($"/proc/{process}/status", TestContext.Current.CancellationToken);
        string line = lines.First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
