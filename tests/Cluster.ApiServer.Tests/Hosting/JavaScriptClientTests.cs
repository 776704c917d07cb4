using System.Diagnostics;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>Stock JavaScript clients against the real server: <c>@kubernetes/client-node</c> over REST, <c>@grpc/grpc-js</c> over gRPC.</summary>
/// <remarks>The scripts in <c>JavaScript/</c> check for themselves and end with one line of what they saw.</remarks>
public sealed class JavaScriptClientTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    [Fact]
    public async Task ClientNode_AllVerbsAnInformerAndErrors_AreAsItExpects() => Assert.Equal(
        "client-node: add before, add one, update one, delete one", await RunAsync("client-node.mjs", rig.Pki.AdminKubeconfig));

    [Fact]
    public async Task GrpcJs_ByReflection_WatchesAndResumes() => Assert.Equal(
        "grpc-js: ADDED, MODIFIED, MODIFIED, DELETED",
        await RunAsync(
            "grpc.mjs", rig.Url.Authority, rig.Pki.AuthorityCertificate, Path.Combine(rig.Pki.Directory, "admin.crt"),
            Path.Combine(rig.Pki.Directory, "admin.key"), Path.Combine(AppContext.BaseDirectory, "Protos")));

    private async Task<string> RunAsync(string script, params string[] arguments)
    {
        Assert.SkipUnless(JavaScriptClients.CanRun, JavaScriptClients.WhyNot);
        var file = JavaScriptClients.Copy(Path.Combine(AppContext.BaseDirectory, "JavaScript", script));
        try
        {
            var start = new ProcessStartInfo("node", [file, .. arguments])
            {
                RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["HOME"] = rig.Data },
            };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }

            Assert.True(process.ExitCode == 0, $"{script} ended with {process.ExitCode}:\n{await errors}\n{await output}");
            return (await output).Trim();
        }
        finally
        {
            File.Delete(file);
        }
    }
}
