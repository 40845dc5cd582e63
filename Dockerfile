FROM python:3.12-slim
WORKDIR /opt/tapeql
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY grammar grammar
COPY src src
RUN pip install --no-cache-dir -c constraints.txt '.[all]'
EXPOSE 8815
ENTRYPOINT ["tapeql"]
CMD ["--lake", "/lake", "serve", "--flight", "0.0.0.0:8815"]
