using Nexus.Data;
using Nexus.Data.Recording;
using Nexus.Samples.WebService;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddNexusData(builder.Configuration.GetSection(NexusDataOptions.SectionName).Bind);
builder.Services.AddNexusRequestIngest(builder.Configuration.GetSection(RequestIngestOptions.SectionName).Bind);
builder.Services.AddHealthChecks().AddNexusData();

var app = builder.Build();
app.MapHealthChecks("/health/ready", new() { Predicate = check => check.Tags.Contains("ready") });
app.MapHealthChecks("/health/live", new() { Predicate = check => check.Tags.Contains("live") });
app.MapTrains();

// Any number of replicas may do so at once.
await app.Services.MigrateNexusDataAsync();
await app.RunAsync();
