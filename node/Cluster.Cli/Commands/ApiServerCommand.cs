using System.CommandLine;
using System.Net;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Pki;
using Cluster.ApiServer.Registry;
using Cluster.Cli.Hosting;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster apiserver</c>: the API server alone, on the embedded store or on etcd.</summary>
internal static class ApiServerCommand
{
    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var etcd = new EtcdOptions("--etcd-servers");
        var bind = new Option<string>("--bind-address") { Description = "address to listen on", DefaultValueFactory = _ => "0.0.0.0" };
        var port = new Option<int>("--secure-port") { Description = "TLS port", DefaultValueFactory = _ => 6443 };
        var advertise = new Option<string?>("--advertise-address") { Description = "address other nodes and pods reach this server at" };
        var services = new Option<string>("--service-cluster-ip-range") { Description = "addresses of services", DefaultValueFactory = _ => "10.96.0.0/16" };
        var dns = new Option<string?>("--cluster-dns") { Description = "address of the DNS service; the tenth of the range otherwise" };
        var command = new Command("apiserver", "Serve the API: validate and store.") { data, bind, port, advertise, services, dns };
        var audit = new AuditOptions();
        var oidc = new OidcFlags();
        var admission = new AdmissionFlags();
        var tracing = new Option<string?>("--tracing-config-file") { Description = "TracingConfiguration: where spans are sent by OpenTelemetry; nowhere otherwise" };
        foreach (Option option in etcd.All.Concat(audit.All).Concat(oidc.All).Concat(admission.All).Append(tracing)) command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
        {
            DataDirectory folder = DataDirectory.Prepare(parsed.GetValue(data)!);
            IPAddress address = parsed.GetValue(advertise) is { } given ? OptionText.Address("--advertise-address", given) : NodeFacts.Address();
            var listen = new IPEndPoint(OptionText.Address("--bind-address", parsed.GetValue(bind)!), parsed.GetValue(port));
            IPNetwork range = OptionText.Network("--service-cluster-ip-range", parsed.GetValue(services)!);
            EtcdSettings store = etcd.Read(parsed);
            AuditLogOptions? auditLog = audit.Read(parsed);
            OidcOptions? provider = oidc.Read(parsed);
            AdmissionPlugins plugins = admission.Read(parsed);
            var pki = new PkiOptions { DataDirectory = folder.Root, NodeName = NodeFacts.Name(), NodeAddress = address, ServerUrl = new Uri($"https://{address}:{listen.Port}") };
            return ComponentHost.RunAsync(
                null,
                async (logs, token) =>
                {
                    using IDisposable? traces = Tracing.Start(parsed.GetValue(tracing));
                    await using EncryptedStore opened = await Stores.OpenAsync(store, folder, logs, TimeProvider.System, token);
                    opened.Follow();
                    var options = new ApiServer.ApiServerOptions
                    {
                        Pki = await ClusterPki.EnsureAsync(pki, token),
                        Listen = [listen],
                        AuditLog = auditLog,
                        Oidc = provider,
                        Admission = plugins,
                        Registry = new RegistryOptions
                        {
                            ServiceRange = range,
                            Advertise = new IPEndPoint(address, listen.Port),
                            DnsAddress = parsed.GetValue(dns) is { } text ? OptionText.Address("--cluster-dns", text) : null,
                        },
                    };
                    await using ApiServer.ApiServer server = await ApiServer.ApiServer.StartAsync(options, opened.Store, logs, token);
                    await server.Completion.WaitAsync(token);
                },
                cancellationToken,
                tidies: true);
        });
        return command;
    }
}
