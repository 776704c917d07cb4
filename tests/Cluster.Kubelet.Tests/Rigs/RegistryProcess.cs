using System.Diagnostics;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>A Docker registry of the test's own on loopback (Debian's docker-registry), open or with a password.</summary>
public sealed class RegistryProcess : IAsyncDisposable
{
    public const string User = "puller";
    public const string Password = "s3cret";

    // bcrypt of the password above, as htpasswd -B writes it: the registry takes no other kind.
    private const string PasswordFile = User + ":$2y$05$q492Ky.Ueb8LYsW5bV.XEOOvvfKVbvbr7m.5/u1gFff8ueJ/ODTGC\n";

    private readonly TempDirectory directory = new();
    private readonly Process process;

    private RegistryProcess(bool locked)
    {
        Address = $"127.0.0.1:{FreePort.Tcp()}";
        var auth = "";
        if (locked)
        {
            File.WriteAllText(directory.File("htpasswd"), PasswordFile);
            auth = $"auth:\n  htpasswd:\n    realm: test\n    path: {directory.File("htpasswd")}\n";
        }

        var settings = $"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {directory.Path}\nhttp:\n  addr: {Address}\n{auth}";
        File.WriteAllText(directory.File("config.yml"), settings);
        process = Process.Start(new ProcessStartInfo(Program, ["serve", directory.File("config.yml")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Why there can be no registry here; null when there can.</summary>
    public static string? Missing { get; } = File.Exists(Program) ? null : "no Docker registry here (apt-get install docker-registry)";

    public string Address { get; }

    private const string Program = "/usr/bin/docker-registry";

    public static async Task<RegistryProcess> StartAsync(bool locked)
    {
        var registry = new RegistryProcess(locked);
        using var http = new HttpClient();
        await Eventually.True(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync($"http://{registry.Address}/v2/");
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the registry");
        return registry;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Dispose();
    }
}
