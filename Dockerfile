# The tool nexus-data, for the services of docker-compose.yml and docker-compose.prod.yml that set a database up.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish Nexus.Data.Tool --configuration Release --output /app

FROM mcr.microsoft.com/dotnet/runtime:10.0
WORKDIR /app
COPY --from=build /app .
# The image's own ordinary user.
USER $APP_UID
ENTRYPOINT ["dotnet", "nexus-data.dll"]
